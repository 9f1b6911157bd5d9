import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const integer = (min: number, max: number) =>
  z.coerce
    .number('a whole number')
    .int('a whole number')
    .min(min, `at least ${min}`)
    .max(max, `at most ${max}`);
const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a name that Kubernetes takes');

/** Every setting: its flag is the name in kebab case, its variable `SYNOD_<NAME>`. */
const settings = {
  name: z.string().min(1).default(hostname()).describe('who this operator is among several'),
  namespace: label.default('default').describe('namespace of the operator, and of its Lease'),
  lease: label.default('synod-operator').describe('name of the Lease: who holds it leads'),
  watchNamespace: label.optional().describe('the one whose clusters it runs; all without it'),
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe('without it $KUBECONFIG, ~/.kube/config, or the pod'),
  context: z.string().min(1).optional().describe('of the kubeconfig; its current one without it'),
  httpHost: z.string().min(1).default('127.0.0.1').describe('address for metrics and health'),
  httpPort: integer(0, 65_535).default(8081).describe('its port; 0 for any free one'),
  logLevel: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'one of trace, debug, info, warn, error, fatal, silent',
    )
    .default('info')
    .describe('least level of what is logged'),
  concurrency: integer(1, 64).default(4).describe('clusters that are reconciled at a time'),
  resyncMs: integer(1_000, 3_600_000)
    .default(60_000)
    .describe('milliseconds until a cluster is looked at again, though nothing changed'),
} as const;

const schema = z.object(settings).readonly();

/** The settings of an operator, each checked. */
export type Config = z.infer<typeof schema>;

type Name = keyof typeof settings;

/** The command line or environment is wrong; the message has a line for each mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const names = Object.keys(settings) as Name[];

/**
 * Reads flags, and the environment where a flag is missing.
 * @throws ConfigError naming each wrong field, what it has and what it wants
 */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const given = { ...fromEnvironment(environment), ...fromFlags(args) };
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]) as Name;
    const has = JSON.stringify(given[name]);
    return `${flagOf(name)} (${variableOf(name)}) has ${has}; it wants: ${message}`;
  });
  throw new ConfigError([...new Set(lines)].join('\n'));
}

/** The text of `--help`. */
export function configHelp(): string {
  const lines = names.map((name) => {
    const fallback = schemaDefault(name);
    const more = fallback === undefined ? '' : ` [${fallback}]`;
    const { description = '' } = settings[name];
    return `  ${flagOf(name).padEnd(18)} ${variableOf(name).padEnd(22)} ${description}${more}`;
  });
  return ['Usage: node main.js [flags]', '', 'Flags, variables and defaults:', ...lines].join('\n');
}

function schemaDefault(name: Name): string | undefined {
  const result = settings[name].safeParse(undefined);
  return result.success && result.data !== undefined ? String(result.data) : undefined;
}

function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Partial<Record<Name, string>> {
  const given: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = environment[variableOf(name)];
    if (value !== undefined && value !== '') given[name] = value;
  }
  return given;
}

function fromFlags(args: readonly string[]): Partial<Record<Name, string>> {
  const options = Object.fromEntries(
    names.map((name) => [kebab(name), { type: 'string' as const }]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    const given: Partial<Record<Name, string>> = {};
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
