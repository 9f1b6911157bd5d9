import { z } from 'zod';
import { DEFAULT_WINDOW, MAX_VOTERS, MAX_WINDOW } from '../../contract/src/first-configuration.ts';
import {
  ConfigError,
  givenTo,
  integer,
  mistakesIn,
  oneOf,
  settingsHelp,
  type Mistake,
} from '../../host/src/settings.ts';
import { subjectToken } from '../../contract/src/subjects.ts';
import { scriptedMachines } from '../../machines/src/machines.ts';
import { DEFAULT_MACHINE, machineNames } from '../../machines/src/names.ts';

const KIB = 1024;
const token = z.string().regex(subjectToken, 'letters, digits, - and _, at most 64 of them');

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
  machine: oneOf(...machineNames)
    .default(DEFAULT_MACHINE)
    .describe('the state machine'),
  mode: oneOf('stable', 'on-demand').default('stable').describe('how members come to lead'),
  window: integer(1, MAX_WINDOW)
    .optional()
    .describe(`beside --member: WINDOW, slots in flight; ${DEFAULT_WINDOW} without it`),
  scriptPort: integer(1, 65_535).optional().describe("TCP port for a master's script (on demand)"),
  httpHost: z.string().min(1).default('127.0.0.1').describe('address for metrics and status'),
  httpPort: integer(0, 65_535).default(8080).describe('its port; 0 for any free one'),
  witness: oneOf('none', 'operator')
    .default('none')
    .describe('who beside the members remembers how far their logs go, and is asked at start'),
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
  freeBytes: integer(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('alarm when fewer bytes of the disk are free; a tenth of it, 1 GiB at most'),
  quotaBytes: integer(1024 * KIB, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('bytes that the state may take; 2/5 of the disk, 8 GiB at most'),
  tickMs: integer(1, 1000).default(10).describe('milliseconds of a tick'),
  checkpointMs: integer(10, 60_000).default(250).describe('milliseconds between cuts of the state'),
} as const;

const schema = z
  .object(settings)
  .check((context) => {
    const { members, member, mode, machine, scriptPort, maxCommandBytes, batchBytes } =
      context.value;
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
    if (scriptPort !== undefined && !scriptedMachines.includes(machine)) {
      issue('scriptPort', `--machine ${scriptedMachines.join(' or ')}`);
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

/**
 * Reads flags, and the environment where a flag is missing.
 * @throws ConfigError naming each wrong field, what it has and what it wants
 */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const given = givenTo(settings, args, environment);
  const result = schema.safeParse(given);
  const mistakes = identityMistakes(given);
  if (result.success && mistakes.length === 0) return result.data;
  if (!result.success) mistakes.push(...mistakesIn(settings, result.error));
  throw ConfigError.of(given, mistakes);
}

/** A member has a name and draws its id, or it is given its id and everybody else's. */
function identityMistakes({
  name,
  member,
  members,
  window,
}: Partial<Record<Name, string>>): Mistake[] {
  const mistakes: Mistake[] = [];
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

/** The text of `--help`. */
export const configHelp = (): string => settingsHelp(settings);
