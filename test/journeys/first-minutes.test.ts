import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { startOf } from '../../cli/src/local/running.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { cliProgram, freePorts, inWorkingFolder, synod } from './cli-run.ts';
import { until } from './test-cluster.ts';

/* What a new user tries in the first minutes, with the built `synod`. */

/** A command that goes on until it is stopped. */
class Running {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [cliProgram, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#child.stdin?.on('error', () => undefined);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exit(): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const [code] = (await once(this.#child, 'close')) as [number | null];
    return code;
  }
}

/** `synod up`, once its cluster has appended a line. */
async function inCluster(work: (cwd: string, up: Running) => Promise<void>): Promise<void> {
  await inWorkingFolder(async (cwd) => {
    const up = new Running(cwd, ['up']);
    try {
      up.type('typed\n');
      await until('a slot', () => (up.stdout.includes('\ttyped\n') ? true : undefined));
      await work(cwd, up);
    } finally {
      up.signal('SIGKILL');
      await up.exit();
    }
  });
}

/** Every process whose command line names something in a folder. */
function processesOf(folder: string): string[] {
  return fs.readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || startOf(Number(pid)) === '') return [];
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return command.includes(folder) ? [command] : [];
    } catch {
      return []; // It has just ended.
    }
  });
}

test('up says where NATS is, and how others connect: that line is enough for them', async () => {
  await inCluster(async (cwd, up) => {
    const [, url = ''] = /^ {2}export SYNOD_NATS_URL=(nats:\/\/127\.0\.0\.1:\d+)$/m.exec(
      up.stderr,
    )!;
    await inWorkingFolder(async (elsewhere) => {
      const env = { SYNOD_NATS_URL: url };
      expect((await synod(['log'], { cwd: elsewhere, env })).stdout).toBe('typed\n');
    });
    expect(up.stderr).not.toContain('SYNOD_CLUSTER');
    expect((await synod(['log'], { cwd })).stdout).toBe('typed\n');
  });
}, 60_000);

test('a cluster that is not there: every command says the same', async () => {
  await inCluster(async (cwd) => {
    const commands = [
      ['append', 'hello'],
      ['log'],
      ['status'],
      ['leader', 'show'],
      ['member', 'list'],
      ['snapshot', 'save', 'a.snapshot'],
    ];
    for (const args of commands) {
      const where = [...args, '--cluster', 'other'];
      expect(await synod(where, { cwd })).toEqual({
        code: 69,
        stdout: '',
        stderr:
          'synod: NO_CLUSTER: No member of that cluster answers. Check its name; "synod up" ' +
          'starts it, if it does not run. (cluster other, namespace local)\n',
      });
    }
    const json = await synod(['log', '--cluster', 'other', '--output', 'json'], { cwd });
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: 'NO_CLUSTER',
        message: expect.stringContaining('cluster other') as string,
        exitCode: 69,
      },
    });
    expect(fs.existsSync(path.join(cwd, 'a.snapshot'))).toBe(false);
  });
}, 60_000);

test.each([[['up']], [['master']], [['status']]])(
  'where SYNOD_NATS_URL names nobody, %j says so, and starts nothing',
  async (args) => {
    await inWorkingFolder(async (cwd) => {
      const [port] = await freePorts(1);
      const env = { SYNOD_NATS_URL: `nats://127.0.0.1:${port}` };
      const { code, stderr } = await synod(args, { cwd, env, input: '' });
      expect(code).toBe(69);
      expect(stderr).toContain('synod: UNREACHABLE: The NATS server cannot be reached.');
      expect(stderr).toContain(`NATS does not answer at nats://127.0.0.1:${port}`);
      expect(new Workspace(cwd).running()).toEqual([]);
    });
  },
);

test('one that does not take connections is waited for, and that is said', async () => {
  await inWorkingFolder(async (cwd) => {
    // It takes none: nobody is told that a connection is there.
    const server = spawn(process.execPath, [
      '-e',
      'require("net").createServer(() => {}).listen(0, "127.0.0.1", function () {' +
        ' console.log(this.address().port) })',
    ]);
    try {
      const [port] = (await once(server.stdout, 'data')) as [Buffer];
      const url = `nats://127.0.0.1:${port.toString().trim()}`;
      const { code, stderr } = await synod(['log', '--nats-url', url], { cwd });
      expect(code).toBe(69);
      expect(stderr).toMatch(`Waiting for NATS at ${url}.\nsynod: UNREACHABLE: `);
    } finally {
      server.kill('SIGKILL');
    }
  });
});

test('kill and start: one member goes and comes back, by its name; Ctrl-C ends them all', async () => {
  await inCluster(async (cwd, up) => {
    const killed = await synod(['kill', 'n1'], { cwd });
    expect(killed).toMatchObject({ code: 0, stderr: '' });
    expect(killed.stdout).toMatch(
      /^n1 was killed \(process \d+\)\. "synod status" shows the others/,
    );
    const again = await synod(['kill', 'n1'], { cwd });
    expect(again).toMatchObject({
      code: 1,
      stderr: 'synod: NO_MEMBER: n1 does not run. "synod start n1" starts it.\n',
    });
    expect(await synod(['append', 'without it'], { cwd })).toMatchObject({ code: 0 });
    expect((await synod(['status'], { cwd })).code).toBe(3);

    const started = await synod(['start', 'n1', '--output', 'json'], { cwd });
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const { name, pid } = JSON.parse(started.stdout) as { name: string; pid: number };
    expect(name).toBe('n1');
    await until('health', async () =>
      (await synod(['status'], { cwd })).code === 0 ? true : undefined,
    );
    for (const command of ['start', 'kill']) {
      const unknown = await synod([command, 'n9'], { cwd });
      expect(unknown).toMatchObject({
        code: 1,
        stderr:
          'synod: NO_MEMBER: Cluster local has no member n9 in this folder. It has n0, n1, n2.\n',
      });
    }
    const running = await synod(['start', 'n1'], { cwd });
    expect(running.stderr).toBe(`synod: n1 runs already (process ${pid}).\n`);

    up.signal('SIGINT');
    expect(await up.exit()).toBe(0);
    expect(processesOf(cwd)).toEqual([]);
  });
}, 60_000);

test('a member that no process is cannot be added, and is no member afterwards', async () => {
  await inCluster(async (cwd) => {
    for (const args of [
      ['member', 'add', 'n9'],
      ['member', 'replace', 'n1', 'n9'],
      ['snapshot', 'save', 'a.snapshot', '--member', 'n9'],
    ]) {
      const { code, stderr } = await synod(args, { cwd });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^synod: NO_MEMBER: .* \(n9; those that answer: n0, n1, n2\)\n$/);
    }
    const { stdout } = await synod(['member', 'list'], { cwd });
    expect(stdout).toContain('Configuration 0.');
  });
}, 60_000);

test('more members than --nodes: it is said who stays down; without it all are started', async () => {
  await inWorkingFolder(async (cwd) => {
    const first = await synod(['up', '--nodes', '4'], { cwd, input: 'one\n' });
    expect(first).toMatchObject({ code: 0 });
    const three = await synod(['up', '--nodes', '3'], { cwd, input: 'two\n' });
    expect(three).toMatchObject({ code: 0 });
    expect(three.stderr).toContain(
      'This folder has the data of 4 members. Not started, as --nodes is 3: n3. ' +
        'Without --nodes all are.',
    );
    const all = await synod(['up'], { cwd, input: 'three\n' });
    expect(all).toMatchObject({ code: 0 });
    expect(all.stderr).toContain('Starting 4 member(s)');
  });
}, 90_000);

test('kill and start where nothing runs say how to start all', async () => {
  await inWorkingFolder(async (cwd) => {
    const none = await synod(['kill', 'n0'], { cwd });
    expect(none).toMatchObject({ code: 69, stdout: '' });
    expect(none.stderr).toBe(
      'synod: NO_CLUSTER: There is no cluster local in this folder. "synod up" starts one.\n',
    );
    await synod(['up', '--nodes', '1'], { cwd, input: 'one\n' });
    const start = await synod(['start', 'n0'], { cwd });
    expect(start).toMatchObject({ code: 69, stdout: '' });
    expect(start.stderr).toBe(
      'synod: NO_CLUSTER: Cluster local does not run. "synod up" starts all of it.\n',
    );
    // It began with one, and is not made one of three.
    const again = await synod(['up'], { cwd, input: 'two\n' });
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('Starting 1 member(s)');
  });
}, 60_000);

test('a line that is not UTF-8 is refused, and the others are appended', async () => {
  await inWorkingFolder(async (cwd) => {
    const script = `printf 'one\\n\\377\\376\\ntwo\\r\\nthree' | ${process.execPath} ${cliProgram} up`;
    const child = spawn('sh', ['-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const shown = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (shown.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (shown.err += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(shown.out.match(/\t.*$/gm)).toEqual(['\tone', '\ttwo', '\tthree']);
    expect(shown.err).toContain('INVALID_ARGUMENT: The line is not UTF-8, and was not appended.');
  });
}, 60_000);

test('log: as it is when piped, escaped on a terminal; --follow prints what comes', async () => {
  await inCluster(async (cwd) => {
    await synod(['append', 'red \x1b[31m\n\u202e end'], { cwd });
    const piped = await synod(['log'], { cwd });
    expect(piped.stdout).toBe('typed\nred \x1b[31m\n\u202e end\n');
    const command = `${process.execPath} ${cliProgram} log`;
    const drawn = execFileSync('script', ['-qec', command, '/dev/null'], { cwd }).toString();
    expect(drawn).toBe('typed\r\nred \\x1b[31m\\x0a\\u202e end\r\n');

    const follow = new Running(cwd, ['log', '--follow']);
    await until('the old', () => (follow.stdout === piped.stdout ? true : undefined));
    await synod(['append', 'new'], { cwd });
    await until('the new', () => (follow.stdout.endsWith(' end\nnew\n') ? true : undefined));
    follow.signal('SIGINT');
    expect(await follow.exit()).toBe(0);
  });
}, 60_000);

test('stopall asks on a terminal, and goes by the answer; --yes does not ask', async () => {
  await inWorkingFolder(async (cwd) => {
    await synod(['up'], { cwd, input: 'one\n' });
    const ask = async (flags: string, answer: string): Promise<[number | null, string]> => {
      const command = `${process.execPath} ${cliProgram} stopall ${flags}`;
      const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, stdio: 'pipe' });
      let screen = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        screen += text;
        if (text.includes('(yes/no)')) child.stdin.write(answer);
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return [code, screen];
    };
    const [code, screen] = await ask('', 'no\r');
    expect(code).toBe(1);
    expect(screen).toContain('destroys the data of local in ');
    expect(screen).toContain('Nothing was ended, and nothing destroyed.');
    expect(fs.existsSync(path.join(cwd, '.synod/clusters/local/n0'))).toBe(true);
    expect((await ask('', '\x03'))[0]).toBe(1);
    expect((await ask('--yes', ''))[0]).toBe(0);
    expect(fs.existsSync(path.join(cwd, '.synod'))).toBe(false);
  });
}, 60_000);

test('completion: a script by which bash knows commands and options', async () => {
  await inWorkingFolder(async (cwd) => {
    const { stdout } = await synod(['completion', 'bash'], { cwd });
    fs.writeFileSync(path.join(cwd, 'completion'), stdout);
    const complete = (...words: string[]): string[] => {
      const set = `COMP_WORDS=(synod ${words.join(' ')} ''); COMP_CWORD=${words.length}`;
      const script = `source ./completion; ${set}; _synod; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { cwd }).toString().trim().split(' ');
    };
    expect(complete('mem')).toEqual(['member']);
    expect(complete('member', 're')).toEqual(['remove', 'replace']);
    expect(complete('status', '--wat')).toEqual(['--watch']);
    expect((await synod(['completion', 'zsh'], { cwd })).stdout).toContain(stdout);
  });
});

test('the live view: 80 columns, who has ended, what waits, and that NATS is gone', async () => {
  await inWorkingFolder(async (cwd) => {
    const command = `stty rows 40 cols 80; ${process.execPath} ${cliProgram} up`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, stdio: 'pipe' });
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
    const shown = async (what: RegExp): Promise<void> => {
      await until(String(what), () => (what.test(screen) ? true : undefined));
    };
    const workspace = new Workspace(cwd);
    const killAll = (pids: readonly number[]): void => {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    };
    try {
      await shown(/│ n2 +│ [0-9a-f]{8} +│ (leader|follower) /);
      await shown(/leader n\d {3}\d+ operations\/s {3}Ctrl-C stops/);
      await synod(['kill', 'n1'], { cwd });
      await shown(/n1 has ended \(SIGKILL\): "synod start n1" starts it again\./);
      await shown(/│ n1 +│ [0-9a-f]{8} +│ no answer /);
      await synod(['kill', 'n2'], { cwd });
      child.stdin.write('hello\r');
      await shown(/waits until a majority answers: hello/);
      await synod(['start', 'n1'], { cwd });
      await shown(/slot \d+: hello/);
      killAll(workspace.running().flatMap(({ kind, pid }) => (kind === 'nats-server' ? pid : [])));
      await shown(
        /NATS does not answer at nats:\/\/127\.0\.0\.1:\d+: the members cannot be seen\./,
      );
      await shown(/nats-server has ended\. Stop with Ctrl-C, and start again: nothing is lost\./);
      await shown(/│ n0 +│ [0-9a-f]{8} +│ not seen /);

      const lines = screen.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').split(/\r?\n/);
      const drawn = lines.filter((line) => /[│─]|Ctrl-C|starts it again|NATS/.test(line));
      expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(80);
      child.stdin.write('last words\r');
      child.stdin.write('\x03');
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code).toBe(0);
      expect(screen).toContain('last words: no answer has come; it may be appended, or not.');
      // Nothing is drawn any more.
      expect(screen.split('Stopping. ')[1]).toMatch(
        /^The next start goes on from here\.\r\n[^│]*$/,
      );
      expect(processesOf(cwd)).toEqual([]);
    } finally {
      child.kill('SIGKILL');
    }
  });
}, 60_000);

/** A folder that `up` has made has so many records of processes. */
function records(cwd: string): number {
  const folder = path.join(cwd, '.synod/processes');
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
}

const moments: [string, (cwd: string, up: Running) => boolean][] = [
  ['it has said that it starts', (_, { stderr }) => stderr.includes('Starting')],
  ['it is about to start nats-server', (cwd) => fs.existsSync(path.join(cwd, '.synod/nats'))],
  ['nats-server is recorded', (cwd) => records(cwd) > 0],
  ['a member is recorded', (cwd) => records(cwd) > 1],
  ['all members are', (cwd) => records(cwd) > 3],
  ['one is formatted', (cwd) => new Workspace(cwd).membersOf('local').length > 0],
  ['the cluster begins', (cwd) => fs.existsSync(path.join(cwd, FIRST))],
  ['it is up', (_, { stderr }) => stderr.includes('export')],
];
const FIRST = '.synod/clusters/local/first-configuration.json';

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'up that gets %s leaves nothing',
  (signal) => {
    test.each(moments)('when %s', async (_, isNow) => {
      await inWorkingFolder(async (cwd) => {
        const up = new Running(cwd, ['up']);
        while (!isNow(cwd, up)) await new Promise((resolve) => setTimeout(resolve, 1));
        up.signal(signal);
        await up.exit();
        expect(processesOf(cwd)).toEqual([]);
      });
    });
  },
);
