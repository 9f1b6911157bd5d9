import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DEFAULT_WINDOW, MAX_VOTERS, MAX_WINDOW } from '../../contract/src/first-configuration.ts';
import { subjectToken } from '../../contract/src/subjects.ts';

const KIB = 1024;
const token = z.string().regex(subjectToken, 'letters, digits, - and _, at most 64 of them');
const integer = (min: number, max: number) =>
  z.coerce
    .number('a whole number')
    .int('a whole number')
    .min(min, `at least ${min}`)
    .max(max, `at most ${max}`);
const oneOf = <T extends readonly string[]>(...values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);

/** Every setting of a node: its flag is the name in kebab case, its variable `SYNOD_<NAME>`. */
const settings = {
  cluster: token.describe('name of the cluster'),
  namespace: token.default('local').describe('namespace of the cluster'),
  name: token.optional().describe('where this member runs; its id is drawn when it is formatted'),
  member: token.optional().describe("for a master's script: its id, instead of a name"),
  members: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(token).min(1, 'at least one id').max(MAX_VOTERS, 'at most seven ids'))
    .optional()
    .describe('beside --member: ids of the voters, separated by commas'),
  data: z.string().min(1, 'a folder').describe('data folder; made when it is missing'),
  natsUrl: z
    .string()
    .min(1, 'a URL')
    .default('nats://127.0.0.1:4222')
    .describe('NATS server, or several, separated by commas'),
  natsCredentialsDir: z.string().optional().describe('folder with the files username, password'),
  natsTlsDir: z
    .string()
    .optional()
    .describe('folder with ca.crt of NATS, and tls.crt with tls.key when NATS wants them'),
  machine: oneOf('chat-log', 'counter').default('chat-log').describe('the state machine'),
  mode: oneOf('stable', 'on-demand').default('stable').describe('how members come to lead'),
  window: integer(1, MAX_WINDOW)
    .optional()
    .describe(`beside --member: WINDOW, slots in flight; ${DEFAULT_WINDOW} without it`),
  scriptPort: integer(1, 65_535).optional().describe("TCP port for a master's script (on demand)"),
  httpHost: z.string().min(1).default('127.0.0.1').describe('address for metrics and status'),
  httpPort: integer(0, 65_535).default(8080).describe('its port; 0 for any free one'),
  logLevel: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
    .default('info')
    .describe('least level of what is logged'),
  batchBytes: integer(KIB, 768 * KIB)
    .default(256 * KIB)
    .describe('bytes of commands in a slot'),
  pipeline: integer(1, 1024).default(8).describe('slots that one replica keeps undecided'),
  queueBytes: integer(64 * KIB, 1024 * KIB * KIB)
    .default(64 * KIB * KIB)
    .describe('bytes of commands that may wait for a slot'),
  maxCommandBytes: integer(256, 768 * KIB)
    .default(128 * KIB)
    .describe('the largest command'),
  logBytes: integer(4 * 1024 * KIB, 1024 * 1024 * 1024 * KIB)
    .default(128 * 1024 * KIB)
    .describe('bytes of old log that are kept for members that were away'),
  tickMs: integer(1, 1000).default(10).describe('milliseconds of a tick'),
  checkpointMs: integer(10, 60_000).default(250).describe('milliseconds between cuts of the state'),
} as const;

const schema = z
  .object(settings)
  .check((context) => {
    const { members, member, mode, scriptPort, maxCommandBytes, batchBytes } = context.value;
    const issue = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', path: [path], message, input: context.value });
    };
    if (members !== undefined && member !== undefined) {
      if (new Set(members).size < members.length) issue('members', 'ids that differ');
      if (!members.includes(member)) issue('member', `one of ${members.join(', ')}`);
    }
    if (scriptPort !== undefined && mode === 'stable') issue('scriptPort', '--mode on-demand');
    if (scriptPort !== undefined && members === undefined) {
      issue('scriptPort', '--member with --members');
    }
    if (maxCommandBytes > batchBytes) issue('maxCommandBytes', 'at most what --batch-bytes has');
  })
  .transform(({ name, member, members, window = DEFAULT_WINDOW, ...rest }) => {
    const derived = member === undefined || members === undefined ? undefined : { member, members };
    return {
      ...rest,
      /** Where this member runs. */
      name: name ?? member ?? '',
      /** Ids that a master's script derives from numbers. */
      ...(derived === undefined ? {} : { derived: { ...derived, window } }),
    };
  })
  .readonly();

/** The settings of a node, each checked. */
export type Config = z.infer<typeof schema>;

type Name = keyof typeof settings;

/** The command line or environment is wrong; the message has a line for each mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Prints like `--batch-bytes`. */
function flagOf(name: string): string {
  return `--${kebab(name)}`;
}

function variableOf(name: string): string {
  return `SYNOD_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
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
  const mistakes = identityMistakes(given);
  if (result.success && mistakes.length === 0) return result.data;
  for (const { path, message } of result.error?.issues ?? []) {
    const name = String(path[0]) as Name;
    mistakes.push([name, wants(name, message)]);
  }
  const lines = mistakes.map(([name, wanted]) => {
    const value = given[name];
    const has = value === undefined ? 'is missing' : `has ${JSON.stringify(value)}`;
    return `${flagOf(name)} (${variableOf(name)}) ${has}; it wants: ${wanted}`;
  });
  throw new ConfigError([...new Set(lines)].join('\n'));
}

/** A member has a name and draws its id, or it is given its id and everybody else's. */
function identityMistakes({
  name,
  member,
  members,
  window,
}: Partial<Record<Name, string>>): [Name, string][] {
  const mistakes: [Name, string][] = [];
  if (name !== undefined) {
    const alone = 'to stand without --name';
    if (member !== undefined) mistakes.push(['member', alone]);
    if (members !== undefined) mistakes.push(['members', alone]);
    const told = `${alone}: a member is told WINDOW with its first configuration`;
    if (window !== undefined) mistakes.push(['window', told]);
  } else if (member === undefined && members === undefined) {
    mistakes.push(['name', 'where this member runs; or, without it, --member with --members']);
  } else if (member === undefined) {
    mistakes.push(['member', 'id of this member, one of --members']);
  } else if (members === undefined) {
    mistakes.push(['members', 'ids of the voters, one of them --member']);
  }
  return mistakes;
}

function wants(name: Name, message: string): string {
  return message.startsWith('Invalid input') ? (settings[name].description ?? message) : message;
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

/** The text of `--help`. */
export function configHelp(): string {
  const lines = names.map((name) => {
    const { description } = settings[name];
    const fallback = schemaDefault(name);
    const more = fallback === undefined ? '' : ` [${fallback}]`;
    return `  ${flagOf(name).padEnd(22)} ${variableOf(name).padEnd(26)} ${description ?? ''}${more}`;
  });
  return ['Usage: node main.js [flags]', '', 'Flags, variables and defaults:', ...lines].join('\n');
}

function schemaDefault(name: Name): string | undefined {
  const result = (settings[name] as z.ZodType).safeParse(undefined);
  return result.success && result.data !== undefined ? (result.data as string) : undefined;
}
