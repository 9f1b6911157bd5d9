import { ConfigError } from '../../host/src/settings.ts';
import { configHelp, parseConfig } from '../../node/src/config.ts';

const needed = ['--cluster', 'c', '--member', 'a', '--members', 'a,b', '--data', '/d'];

/** The lines of the error. */
function mistakes(args: readonly string[], environment: Record<string, string> = {}): string[] {
  try {
    parseConfig(args, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('flags come before the environment, and that before the defaults', () => {
  const environment = { SYNOD_WINDOW: '7', SYNOD_TICK_MS: '20', SYNOD_MEMBER: 'b' };
  const config = parseConfig([...needed, '--window', '9'], environment);
  const derived = { member: 'a', members: ['a', 'b'], window: 9 };
  expect(config).toMatchObject({ name: 'a', derived, tickMs: 20 });
  expect(config).toMatchObject({ namespace: 'local', machine: 'chat-log', mode: 'stable' });
});

test('an empty variable counts as none', () => {
  expect(parseConfig(needed, { SYNOD_WINDOW: '' }).derived?.window).toBe(1024);
});

test('a member has a name, and learns ids later; from the environment, too', () => {
  const named = ['--cluster', 'c', '--data', '/d'];
  for (const config of [
    parseConfig([...named, '--name', 'n0'], {}),
    parseConfig(named, { SYNOD_NAME: 'n0' }),
  ]) {
    expect(config.name).toBe('n0');
    expect(config.derived).toBeUndefined();
  }
});

test.each([
  [
    [],
    '--name (SYNOD_NAME) is missing; it wants: where this member runs; or, without it, ' +
      '--member with --members',
  ],
  [
    ['--member', 'a'],
    '--members (SYNOD_MEMBERS) is missing; it wants: ids of the voters, one of them --member',
  ],
  [
    ['--name', 'n0', '--member', 'a', '--members', 'a'],
    '--member (SYNOD_MEMBER) has "a"; it wants: to stand without --name',
  ],
  [
    ['--name', 'n0', '--window', '9'],
    '--window (SYNOD_WINDOW) has "9"; it wants: to stand without --name: a member is told ' +
      'WINDOW with its first configuration',
  ],
  [
    ['--name', 'n0', '--mode', 'on-demand', '--script-port', '10000'],
    '--script-port (SYNOD_SCRIPT_PORT) has "10000"; it wants: --member with --members',
  ],
  [['--name', 'n.0'], '--name (SYNOD_NAME) has "n.0"; it wants: letters, digits, - and _'],
])('a name, or ids that a script derived: %j is refused', (args, sentence) => {
  expect(mistakes(['--cluster', 'c', '--data', '/d', ...args]).join('\n')).toContain(sentence);
});

test('every mistake is named in one go, by flag and variable', () => {
  const wrong = ['--members', 'a,b', '--data', '/d', '--window', 'many', '--http-port', '70000'];
  expect(mistakes(wrong, { SYNOD_MACHINE: 'bank' })).toEqual([
    '--member (SYNOD_MEMBER) is missing; it wants: id of this member, one of --members',
    '--cluster (SYNOD_CLUSTER) is missing; it wants: name of the cluster',
    '--machine (SYNOD_MACHINE) has "bank"; it wants: one of chat-log, counter',
    '--window (SYNOD_WINDOW) has "many"; it wants: a whole number',
    '--http-port (SYNOD_HTTP_PORT) has "70000"; it wants: at most 65535',
  ]);
});

test.each([
  [['--member', 'x'], '--member (SYNOD_MEMBER) has "x"; it wants: one of a, b'],
  [['--members', 'a,b,a'], '--members (SYNOD_MEMBERS) has "a,b,a"; it wants: ids that differ'],
  [['--members', 'a,b,c,d,e,f,g,h'], 'at most seven ids'],
  [['--cluster', 'a.b'], 'letters, digits, - and _, at most 64 of them'],
  [['--script-port', '10000'], '--mode on-demand'],
  [['--script-port', '10000', '--machine', 'counter'], '--machine chat-log'],
  [['--batch-bytes', '2048'], 'at most what --batch-bytes has'],
  [['--windw', '3'], "Unknown option '--windw'. --help lists the flags."],
])('%j is refused', (args, sentence) => {
  expect(mistakes([...needed, ...args]).join('\n')).toContain(sentence);
});

test('the help has every flag with its variable, meaning and default', () => {
  const help = configHelp();
  expect(help).toMatch(/--tick-ms +SYNOD_TICK_MS +milliseconds of a tick \[10\]/);
  for (const line of help.split('\n').slice(3)) {
    expect(line).toMatch(/^ {2}--[a-z-]+ +SYNOD_[A-Z_]+ +\S/);
  }
});
