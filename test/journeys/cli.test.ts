import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { cliProgram, inWorkingFolder, synod } from './cli-run.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { NODE_PROGRAM, until } from './test-cluster.ts';

/* The `synod` command as its users type it. */

test('--help teaches: every command, with examples', async () => {
  await inWorkingFolder(async (cwd) => {
    const { code, stdout } = await synod(['--help'], { cwd });
    expect(code).toBe(0);
    const commands = [
      'up',
      'append',
      'log',
      'status',
      'leader',
      'member',
      'snapshot',
      'master',
      'process',
      'bench',
      'stopall',
      'kill',
      'start',
      'completion',
    ];
    for (const command of commands) {
      expect(stdout).toMatch(new RegExp(`^  ${command} .*[A-Z]`, 'm'));
      const help = await synod([command, '--help'], { cwd });
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`Usage: synod ${command}`);
    }
    expect(stdout).toContain('Examples:');
  });
});

test.each([
  [['upp'], "unknown command 'upp'\n(Did you mean up?)"],
  [['up', '--nodes', '8'], 'It must be a whole number from 1 to 7.'],
  [['append'], "missing required argument 'text'"],
  [['status', '--output', 'xml'], 'Allowed choices are text, json.'],
  [['process', '3', '3', '10000'], 'Process 3 of 3: ids go from 0 to 2.'],
  [
    ['bench', '--folder', '/dev/shm', '--quick'],
    '/dev/shm is in memory (tmpfs). Name a folder on a disk.',
  ],
  [['bench', '--folder', 'x'], 'The folder x is not there. Make it, or name another one.'],
  [['status', '--cluster', '*'], "argument '*' is invalid. It wants letters, digits, - and _"],
  [['up', '--cluster', 'a.b'], "argument 'a.b' is invalid. It wants letters, digits, - and _"],
  [
    ['bench', '--only', 'restart', '--svg', 'x.svg'],
    '--svg draws the recovery, or else the overload: add one to --only.',
  ],
  [['bench', '--svg', 'no/such/x.svg'], 'no/such/x.svg cannot be written'],
])('%j is refused with 2 and a sentence', async (args, sentence) => {
  await inWorkingFolder(async (cwd) => {
    const { code, stdout, stderr } = await synod(args, { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    const json = await synod([...args, '--output', 'json'], { cwd });
    if (args.includes('xml')) return;
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code: 2, stdout: '' });
    const { error } = JSON.parse(json.stderr.trimEnd().split('\n').at(-1)!) as { error: unknown };
    expect(error).toMatchObject({ exitCode: 2, message: expect.any(String) as string });
    expect(fs.readdirSync(cwd)).toEqual([]);
  });
});

test.each([
  [['append', 'hello']],
  [['log']],
  [['status']],
  [['leader', 'show']],
  [['member', 'list']],
  [['snapshot', 'save', 'a.snapshot']],
])('without a cluster, %j says how to get one, with 69', async (args) => {
  await inWorkingFolder(async (cwd) => {
    const { code, stderr } = await synod(args, { cwd, env: { SYNOD_NATS_URL: '' } });
    expect(code).toBe(69);
    expect(stderr).toBe(
      'synod: NO_CLUSTER: No cluster runs in this folder. Start one with "synod up", or name a NATS ' +
        'server with --nats-url.\n',
    );
    const nobody = ['--nats-url', 'nats://127.0.0.1:1'];
    const unreachable = await synod([...args, ...nobody], { cwd });
    expect(unreachable.code).toBe(69);
    expect(unreachable.stderr).toMatch(/^synod: UNREACHABLE: The NATS server cannot be reached\./);
  });
});

test('lines that are piped in: a slot each, in order; the next run goes on', async () => {
  await inWorkingFolder(async (cwd) => {
    const first = await synod(['up'], { cwd, input: 'one\ntwo\n\nthree' });
    expect(first).toMatchObject({ code: 0 });
    const lines = first.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t')[1])).toEqual(['one', 'two', 'three']);
    const slots = lines.map((line) => Number(line.split('\t')[0]));
    expect(slots).toEqual([...slots].sort((a, b) => a - b));

    const second = await synod(['up', '--output', 'json'], { cwd, input: 'two\nfour\n' });
    expect(second).toMatchObject({ code: 0 });
    const [known, fresh] = second.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(known).toMatchObject({ text: 'two', position: 1, existed: true });
    expect(fresh).toMatchObject({ text: 'four', position: 3, existed: false });
    expect(Number(fresh?.['slot'])).toBeGreaterThan(Math.max(...slots));
  });
}, 60_000);

test('a line that cannot be appended is named, the others are appended, and the code is 1', async () => {
  await inWorkingFolder(async (cwd) => {
    const large = 'x'.repeat(200_000);
    const input = `one\n${large}\ntwo\n`;
    const { code, stdout, stderr } = await synod(['up'], { cwd, input });
    expect(code).toBe(1);
    expect(stdout.match(/\t(one|two)$/gm)).toEqual(['\tone', '\ttwo']);
    expect(stderr).toContain('The command is larger than the cluster takes.');
    expect(stderr.length).toBeLessThan(1000);
  });
}, 60_000);

/** `synod up` with an open standard input, until it is stopped. */
class Up {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(cwd: string) {
    this.#child = spawn(process.execPath, [cliProgram, 'up'], { cwd, stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async exit(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const [code] = (await once(this.#child, 'exit')) as [number | null];
    return code;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

test('beside a running cluster: append, log, status, as text and JSON; SIGINT stops it', async () => {
  await inWorkingFolder(async (cwd) => {
    const up = new Up(cwd);
    up.type('typed\n');
    await until('a slot', () => (up.stdout.includes('\ttyped\n') ? true : undefined));
    const json = ['--output', 'json'];

    const appended = await synod(['append', 'good morning'], { cwd });
    expect(appended).toMatchObject({ code: 0, stderr: '' });
    expect(appended.stdout).toMatch(/^Slot \d+, position 1\.\n$/);
    const again = await synod(['append', 'good morning'], { cwd });
    expect(again.stdout).toBe('It was there already, at position 1.\n');
    const third = await synod(['append', 'third', ...json], { cwd });
    expect(JSON.parse(third.stdout)).toMatchObject({ position: 2, existed: false });

    const log = await synod(['log'], { cwd });
    expect(log).toEqual({ code: 0, stdout: 'typed\ngood morning\nthird\n', stderr: '' });
    const texts = await synod(['log', ...json], { cwd });
    expect(JSON.parse(texts.stdout)).toEqual(['typed', 'good morning', 'third']);

    const status = await synod(['status'], { cwd });
    expect(status.code).toBe(0);
    for (const word of ['member', 'lag', 'leader', 'n0', 'n1', 'n2'])
      expect(status.stdout).toContain(word);
    expect(status.stdout).toMatch(/^Healthy: n\d leads, 3 of 3 voters are well, 1 may fail\.$/m);
    const { stdout } = await synod(['status', ...json], { cwd });
    const found = JSON.parse(stdout) as { members: MemberStatus[] };
    expect(found).toMatchObject({ health: 'healthy', configuration: { number: 0 }, silent: [] });
    expect(found.members.map(({ name }) => name)).toEqual(['n0', 'n1', 'n2']);
    expect(found.members.filter(({ role }) => role === 'leader')).toHaveLength(1);
    for (const { member } of found.members) {
      expect(status.stdout).toContain(` ${member.slice(0, 8)} `);
    }

    const list = await synod(['member', 'list'], { cwd });
    expect(list.stdout).toMatch(/│ n0 +│ [0-9a-f]{8} +│ voter/);
    const listed = await synod(['member', 'list', ...json], { cwd });
    const voter = { role: 'voter', answers: true };
    const members = found.members.map(({ name, member }) => ({ name, id: member, ...voter }));
    expect(JSON.parse(listed.stdout)).toMatchObject({ configuration: 0, members });

    const second = await synod(['up'], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      'Cluster local runs in this folder already: n0, n1, n2. "synod status" shows it',
    );

    up.signal('SIGINT');
    expect(await up.exit()).toBe(0);
    expect(fs.readdirSync(path.join(cwd, '.synod/processes'))).toEqual([]);
  });
}, 60_000);

test('a folder that was emptied: up says the command that gives the new member its vote', async () => {
  await inWorkingFolder(async (cwd) => {
    expect(await synod(['up'], { cwd, input: 'one\n' })).toMatchObject({ code: 0 });
    const place = path.join(cwd, '.synod/clusters/local');
    const first = fs.readFileSync(path.join(place, 'first-configuration.json'), 'utf8');
    const [n0, lost = ''] = (JSON.parse(first) as { members: string[] }).members;
    fs.rmSync(path.join(place, 'n1'), { recursive: true });
    const up = new Up(cwd);
    up.type('two\n');
    await until('a slot', () => (up.stdout.includes('\ttwo\n') ? true : undefined));
    const command = ['member', 'replace', lost, 'n1'];
    expect(up.stderr).toContain(`"synod ${command.join(' ')}"`);
    expect(await synod(command, { cwd })).toEqual({
      code: 0,
      stdout: 'Configuration 3 is in force: voters n0, n2, n1.\n',
      stderr: '',
    });
    const removed = await synod(['member', 'remove', n0?.slice(0, 8) ?? ''], { cwd });
    expect(removed.stdout).toBe('Configuration 4 is in force: voters n2, n1.\n');
    up.signal('SIGINT');
    expect(await up.exit()).toBe(0);

    const again = await synod(['up'], { cwd, input: 'three\n' });
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain('has no vote');
  });
}, 90_000);

test('a terminal has a live view: members, leader, rate, and what was typed; Ctrl-C stops', async () => {
  await inWorkingFolder(async (cwd) => {
    const command = `stty rows 40 cols 120; ${process.execPath} ${cliProgram} up`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, stdio: 'pipe' });
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
    const shown = (what: RegExp) =>
      until(String(what), () => (what.test(screen) ? true : undefined));
    await shown(/leader n\d {3}\d+ operations\/s {3}Ctrl-C stops/);
    child.stdin.write('hello\r');
    await shown(/slot \d+: hello/);
    expect(screen).toMatch(/│ n\d +│ [0-9a-f]{8} +│ leader +│ \d/);
    expect(screen).toMatch(/│ n\d +│ [0-9a-f]{8} +│ follower/);
    child.stdin.write('\x03');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(screen).toContain('Stopping. The next start goes on from here.');
  });
}, 60_000);

test('status --watch: a table a second, redrawn on a terminal; Ctrl-C ends it. stopall ends the cluster', async () => {
  await inWorkingFolder(async (cwd) => {
    const up = new Up(cwd);
    up.type('typed\n');
    await until('a slot', () => (up.stdout.includes('\ttyped\n') ? true : undefined));
    const piped = spawn(process.execPath, [cliProgram, 'status', '--watch'], { cwd });
    const command = `stty rows 40 cols 160; exec ${process.execPath} ${cliProgram} status --watch`;
    const drawn = spawn('script', ['-qec', command, '/dev/null'], { cwd, stdio: 'pipe' });
    const shown = { piped: '', drawn: '' };
    piped.stdout.setEncoding('utf8').on('data', (text: string) => (shown.piped += text));
    drawn.stdout.setEncoding('utf8').on('data', (text: string) => (shown.drawn += text));
    try {
      await until('three tables', () =>
        shown.piped.split('Healthy: ').length > 3 ? true : undefined,
      );
      piped.kill('SIGINT');
      expect(await once(piped, 'exit')).toEqual([0, null]);
      expect(shown.piped).not.toContain('\x1b[');

      await until('a table', () => (shown.drawn.includes('Healthy: ') ? true : undefined));
      up.type('another\n');
      await until('a change', () => (shown.drawn.includes('\x1b[') ? true : undefined));
      drawn.stdin.write('\x03');
      expect(await once(drawn, 'exit')).toEqual([0, null]);

      const stopped = await synod(['stopall'], { cwd });
      expect(stopped.stderr).toBe('Ended 3 node(s) and destroyed the data of this folder.\n');
      expect(fs.existsSync(path.join(cwd, '.synod'))).toBe(false);
    } finally {
      piped.kill('SIGKILL');
      drawn.kill('SIGKILL');
      up.signal('SIGKILL');
      await up.exit();
    }
  });
}, 60_000);

test('a node that is started wrongly names each wrong flag, what it has and what it wants', async () => {
  const args = [NODE_PROGRAM, '--cluster', 'a b', '--members', 'x,y', '--window', '0'];
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(2);
  expect(stderr.split('\n')).toEqual(
    expect.arrayContaining([
      '--cluster (SYNOD_CLUSTER) has "a b"; it wants: letters, digits, - and _, at most 64 of them',
      '--member (SYNOD_MEMBER) is missing; it wants: id of this member, one of --members',
      '--data (SYNOD_DATA) is missing; it wants: data folder; made when it is missing',
      '--window (SYNOD_WINDOW) has "0"; it wants: at least 1',
    ]),
  );
});
