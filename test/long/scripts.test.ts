import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { Payloads } from '../../cli/src/master/payloads.ts';
import { openLmdbState } from '../../node/src/storage/lmdb-state.ts';
import { complaints } from '../journeys/chat-logs.ts';
import {
  cliProgram,
  freePorts,
  inWorkingFolder,
  synod,
  withFreePorts,
} from '../journeys/cli-run.ts';
import { until } from '../journeys/test-cluster.ts';

/* Scripts of the master's language beside the seed scripts, against real processes. */

interface Run {
  readonly code: number | null;
  /** The chat logs in the order in which they were printed. */
  readonly printed: string[];
  readonly stderr: string;
}

/** The script as it stands. */
async function runAsIs(cwd: string, script: string, ...flags: string[]): Promise<Run> {
  const { code, stdout, stderr } = await synod(['master', ...flags], { cwd, input: script });
  return { code, printed: stdout.split('\n').slice(0, -1), stderr };
}

async function run(cwd: string, script: string, ...flags: string[]): Promise<Run> {
  return runAsIs(cwd, await withFreePorts(script), ...flags);
}

/** Lines that start n processes. */
function starts(n: number): string[] {
  return Array.from({ length: n }, (_, id) => `${id} start ${n} ${20_000 + id}`);
}

function gets(ids: readonly number[]): string[] {
  return ids.map((id) => `${id} get chatLog`);
}

test.each([1, 2, 3, 4, 5, 6, 7])(
  'processes: %i, each with a message, all have all',
  async (n) => {
    const ids = [...Array(n).keys()];
    const lines = [
      ...starts(n),
      ...ids.flatMap((id) => [`${id} msg ${id * 10} text ${id}`, `-1 waitForAck ${id * 10}`]),
      ...gets(ids),
      'exit',
    ];
    await inWorkingFolder(async (cwd) => {
      const { code, printed, stderr } = await run(cwd, lines.join('\n'));
      const all = ids.map((id) => `text ${id}`).join(',');
      expect({ code, printed, stderr }).toMatchObject({ code: 0, printed: ids.map(() => all) });
    });
  },
  60_000,
);

test('messages sent at the same time to all of five: one order, each text once', async () => {
  const ids = [0, 1, 2, 3, 4];
  const texts = ids.flatMap((id) => [`${id} one`, `${id} two`]);
  const lines = [
    ...starts(5),
    ...texts.map((text, i) => `${text.slice(0, 1)} msg ${i} ${text}`),
    ...texts.map((_, i) => `-1 waitForAck ${i}`),
    ...gets(ids),
  ];
  await inWorkingFolder(async (cwd) => {
    const { code, printed, stderr } = await run(cwd, lines.join('\n'));
    const wrong = complaints(printed, { count: 5, mandatory: texts, optional: [] });
    expect({ code, wrong, stderr }).toMatchObject({ code: 0, wrong: [] });
  });
}, 60_000);

test('one process alone, crashed after its ack, has it when it is back', async () => {
  await inWorkingFolder(async (cwd) => {
    const lines = ['0 start 1 20000', '0 msg 1 kept', '-1 waitForAck 1', '0 crash'];
    const script = [...lines, '0 get chatLog', '0 start 1 20000', '0 get chatLog'].join('\n');
    const { code, printed, stderr } = await run(cwd, script);
    expect({ code, printed }).toEqual({ code: 0, printed: ['kept'] });
    expect(stderr).toContain('process 0 is gone');
  });
}, 60_000);

test.each([
  ['crashP1a', 'to nobody'],
  ['crashP1a 1 3', 'to two'],
  ['crashP2a', 'to nobody'],
  ['crashP2a 1', 'to one'],
  ['crashP2a 1 2 3 4', 'to all'],
  ['crashDecision', 'to nobody'],
  ['crashDecision 2 4', 'to two'],
  ['crashAfterP1b', 'after its own'],
  ['crashAfterP2b', 'after its own'],
])(
  '%s (%s): two of five crash so, one after the other, and recover',
  async (armed) => {
    const texts = ['before', 'first', 'second', 'after'];
    const lines = [
      ...starts(5),
      '2 msg 1 before',
      '-1 waitForAck 1',
      `0 ${armed}`,
      '0 msg 2 first',
      `1 ${armed}`,
      '1 msg 3 second',
      // Whoever crashed too early has others say it again.
      '2 waitForAck 2',
      '3 waitForAck 3',
      '4 msg 4 after',
      '-1 waitForAck 4',
      ...starts(5).slice(0, 2),
      ...gets([0, 1, 2, 3, 4]),
    ];
    await inWorkingFolder(async (cwd) => {
      const { code, printed, stderr } = await run(cwd, lines.join('\n'));
      const wrong = complaints(printed, { count: 5, mandatory: texts, optional: [] });
      expect({ code, wrong, stderr }).toMatchObject({ code: 0, wrong: [] });
    });
  },
  60_000,
);

test('any text: spaces, emoji, look-alikes of commas, combining marks; any case; CR LF', async () => {
  const texts = [' two  spaces ', '🙂👩‍👩‍👧', 'a，b、c‚d', 'e\u0301 é', 'msg 1 crash', '\u2028x'];
  const lines = [
    '0 START 1 20000',
    ...texts.map((text, i) => `0 Msg ${9 - i} ${text}`),
    '',
    ...texts.map((_, i) => `-1 WAITFORACK ${9 - i}`),
    '0 get ChatLog',
    'EXIT',
    'nothing after exit counts',
  ];
  await inWorkingFolder(async (cwd) => {
    const { code, printed } = await run(cwd, lines.join('\r\n'));
    expect({ code, printed }).toEqual({ code: 0, printed: [texts.join(',')] });
  });
}, 60_000);

test('a text that is there is acknowledged and not appended; an empty log is an empty line', async () => {
  const lines = [...starts(3), '0 get chatLog', '0 msg 1 same', '-1 waitForAck 1'];
  const again = ['1 msg 2 same', '-1 waitForAck 2', ...gets([2])];
  await inWorkingFolder(async (cwd) => {
    const { code, printed } = await run(cwd, [...lines, ...again].join('\n'));
    expect({ code, printed }).toEqual({ code: 0, printed: ['', 'same'] });
  });
}, 60_000);

test('scripts one after another and at the same time, in one folder and in others', async () => {
  const script = (text: string): string =>
    [...starts(3), `0 msg 1 ${text}`, '-1 waitForAck 1', ...gets([0, 1, 2])].join('\n');
  const expected = (text: string) => ({ code: 0, printed: [text, text, text] });
  await inWorkingFolder(async (one) => {
    await inWorkingFolder(async (other) => {
      expect(await run(one, script('a'))).toMatchObject(expected('a'));
      const both = await Promise.all([
        run(one, script('b')),
        run(one, script('c')),
        run(other, script('d')),
      ]);
      expect(both).toMatchObject(['b', 'c', 'd'].map(expected));
    });
  });
}, 60_000);

test('a wait for an ack that does not come: the script goes on, and the exit code is 1', async () => {
  const script = ['0 start 3 20000', '0 msg 1 alone', '-1 waitForAck 1', '0 get chatLog'];
  await inWorkingFolder(async (cwd) => {
    const { code, printed, stderr } = await run(cwd, script.join('\n'), '--ack-timeout', '2');
    expect({ code, printed }).toEqual({ code: 1, printed: [''] });
    expect(stderr).toContain('message 1 was not acknowledged in time');
  });
}, 60_000);

test.each([
  ['0 begin 3 10000', '<id> and one of start, msg'],
  ['0 start 3', '<id> start <n> <port>'],
  ['3 start 3 10000', '<id> start <n> <port>'],
  ['0 start 8 10000', '<id> start <n> <port>'],
  ['0 start 3 70000', '<id> start <n> <port>'],
  ['0  start 3 10000', '<id> and one of'],
  ['0 msg one text', '<id> msg <message id> <text>'],
  ['0 msg 1', '<id> msg <message id> <text>'],
  ['-2 waitForAck 1', '-1 waitForAck <message id>'],
  ['0 get log', '<id> get chatLog'],
  ['0 crashP2a 1 x', '<id> crashP2a [<id> …]'],
  ['x crash', '<id> crash'],
])('a malformed line is refused before anything starts: %s', async (line, expected) => {
  await inWorkingFolder(async (cwd) => {
    const { code, printed, stderr } = await runAsIs(cwd, `0 start 1 10000\n\n${line}\nexit\n`);
    expect({ code, printed }).toEqual({ code: 2, printed: [] });
    expect(stderr).toContain(`line 3: ${JSON.stringify(line)}; expected `);
    expect(stderr).toContain(expected);
    expect(fs.existsSync(path.join(cwd, '.synod'))).toBe(false);
  });
});

/** `synod process`, driven as a foreign master would. */
class ForeignProcess {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly acks = new Set<number>();
  readonly #chatLogs: string[] = [];

  constructor(cwd: string, id: number, n: number, port: number) {
    const args = [cliProgram, 'process', String(id), String(n), String(port)];
    this.#child = spawn(process.execPath, args, { cwd, stdio: 'ignore' });
    this.#port = port;
  }

  async #dial(): Promise<ReturnType<typeof connect> | undefined> {
    const socket = connect(this.#port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    return connected ? socket : undefined;
  }

  /** Sends lines on a connection, and waits for what it should bring. */
  async send(lines: readonly string[], done: () => boolean): Promise<void> {
    const socket = await until('the process', () => this.#dial());
    const payloads = new Payloads();
    socket.on('data', (chunk: Buffer) => {
      for (const message of payloads.take(chunk)) {
        if (message.type === 'ack') this.acks.add(message.messageId);
        else this.#chatLogs.push(message.texts);
      }
    });
    for (const line of lines) socket.write(`${line}\n`);
    await until(lines.join(', '), () => (done() ? true : undefined));
    socket.destroy();
  }

  async chatLog(): Promise<string | undefined> {
    const before = this.#chatLogs.length;
    await this.send(['get chatLog'], () => this.#chatLogs.length > before);
    return this.#chatLogs.at(-1);
  }

  /** Ctrl-C. */
  async stop(): Promise<number | null> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    const [code] = (await exit) as [number | null];
    return code;
  }
}

test("get answers from the process's own state: when one diverges, the logs differ", async () => {
  await inWorkingFolder(async (cwd) => {
    const ports = await freePorts(3);
    const start = (id: number): ForeignProcess => new ForeignProcess(cwd, id, 3, ports[id] ?? 0);
    const processes = [0, 1, 2].map(start);
    const [first] = processes as [ForeignProcess];
    await first.send(['msg 1 one', 'msg 2 two'], () => first.acks.has(1) && first.acks.has(2));
    const expected = { count: 3, mandatory: ['one', 'two'], optional: [] };
    const logs = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const process of processes) found.push((await process.chatLog()) ?? '');
      return found;
    };
    expect(complaints(await logs(), expected)).toEqual([]);

    expect(await processes[2]?.stop()).toBe(0);
    const folder = path.join(cwd, '.synod/clusters/script/p2');
    const state = openLmdbState({ folder, clusterId: 'local-script', memberId: 'p2' });
    for (const [key] of [...state.tables.range('texts', { limit: 1 })]) {
      state.tables.put('texts', key, Buffer.from('another'));
    }
    await new Promise<void>((done) => state.cut(state.flushedSlotOut).write(() => done()));
    await state.close();
    processes[2] = start(2);

    const diverged = await logs();
    expect(diverged[2]).toMatch(/another/);
    expect(complaints(diverged, expected)).toContain('log 2 has an alien another');
    for (const process of processes) expect(await process.stop()).toBe(0);
  });
}, 60_000);
