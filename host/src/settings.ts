import { parseArgs } from 'node:util';
import { z } from 'zod';

/** Settings of a process. A flag is the name in kebab case, its variable `SYNOD_<NAME>`. */
export type Settings = Readonly<Record<string, z.ZodType>>;

/** Settings as they were given. */
export type Given = Readonly<Record<string, string>>;

/** A setting, and what it wants instead of what it has. */
export type Mistake = readonly [name: string, wanted: string];

/** The command line or environment is wrong; the message has a line for each mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  static of(given: Given, mistakes: readonly Mistake[]): ConfigError {
    const lines = mistakes.map(([name, wanted]) => {
      const value = given[name];
      const has = value === undefined ? 'is missing' : `has ${JSON.stringify(value)}`;
      return `${flagOf(name)} (${variableOf(name)}) ${has}; it wants: ${wanted}`;
    });
    return new ConfigError([...new Set(lines)].join('\n'));
  }
}

export const integer = (min: number, max: number) =>
  z.coerce
    .number('a whole number')
    .int('a whole number')
    .min(min, `at least ${min}`)
    .max(max, `at most ${max}`);

export const oneOf = <T extends readonly string[]>(...values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);

/**
 * Reads flags, and the environment where a flag is missing.
 * @throws ConfigError naming a flag that there is not
 */
export function givenTo(
  settings: Settings,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Given {
  const names = Object.keys(settings);
  return { ...fromEnvironment(names, environment), ...fromFlags(names, args) };
}

export function mistakesIn(settings: Settings, error: z.ZodError): Mistake[] {
  return error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const isVague = message.startsWith('Invalid input');
    return [name, (isVague ? settings[name]?.description : undefined) ?? message];
  });
}

/** The text of `--help`. */
export function settingsHelp(settings: Settings): string {
  const names = Object.keys(settings);
  const width = (texts: readonly string[]): number =>
    Math.max(...texts.map(({ length }) => length));
  const flags = width(names.map(flagOf));
  const variables = width(names.map(variableOf));
  const lines = Object.entries(settings).map(([name, setting]) => {
    const fallback = setting.safeParse(undefined).data;
    const isShort = typeof fallback === 'string' || typeof fallback === 'number';
    const more = isShort ? ` [${fallback}]` : '';
    const columns = [flagOf(name).padEnd(flags), variableOf(name).padEnd(variables)];
    return `  ${columns.join(' ')} ${setting.description ?? ''}${more}`;
  });
  return ['Usage: node main.js [flags]', '', 'Flags, variables and defaults:', ...lines].join('\n');
}

function fromEnvironment(
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Given {
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = environment[variableOf(name)];
    if (value !== undefined && value !== '') given[name] = value;
  }
  return given;
}

function fromFlags(names: readonly string[], args: readonly string[]): Given {
  const options = Object.fromEntries(
    names.map((name) => [kebab(name), { type: 'string' as const }]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    const given: Record<string, string> = {};
    for (const name of names) {
      const value = values[kebab(name)];
      if (typeof value === 'string') given[name] = value;
    }
    return given;
  } catch (error) {
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('. To');
    throw new ConfigError(`${sentence ?? ''}. --help lists the flags.`);
  }
}

/** Prints like `--http-port`. */
function flagOf(name: string): string {
  return `--${kebab(name)}`;
}

function variableOf(name: string): string {
  return `SYNOD_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
