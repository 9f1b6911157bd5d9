import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectNats, type NatsConnection } from 'nats';
import { MAX_UNANSWERED, parseCommand, type Command } from '../../contract/src/command.ts';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import { partsOf } from '../../contract/src/parts.ts';
import { parseRead } from '../../contract/src/read-request.ts';
import { encodeReplies, type Outcome } from '../../contract/src/reply.ts';
import { SLOT_MARGIN } from '../../contract/src/snapshot.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import type { SynodError } from '../../contract/src/synod-error.ts';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';

/* The client over a real nats-server; the test plays a leader that does what one seldom does. */

const OPERATION = Buffer.from('an operation');
const subjects = subjectsOf('local', 'test');
const { request, read } = subjects;

let folder: string;
let workspace: Workspace;
let natsUrl: string;
let leader: NatsConnection;
let client: SynodClient;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-lanes-'));
  workspace = new Workspace(folder);
  natsUrl = await folderNats(workspace, process.env, () => undefined);
});
afterAll(async () => {
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  leader = await connectNats({ servers: natsUrl });
});
afterEach(async () => {
  await client.close();
  await leader.close();
});

interface Asked extends Command {
  /** Answers it; `number` that of another request, `limit` what a message may have. */
  readonly answer: (outcome: Outcome, number?: number, limit?: number) => void;
}

/** Of whoever answers. */
let clusterId = 'before';
beforeEach(() => {
  clusterId = 'before';
});

/** Takes the requests from now on; sessions are opened, unless they are to be handled, too. */
async function lead(handle: (asked: Asked) => void, sessionsToo = false): Promise<void> {
  let sessions = 100;
  leader.subscribe(request, {
    callback: (_, { data, reply = '' }) => {
      const command = parseCommand(data);
      if ('malformed' in command) throw new Error(command.malformed);
      const dot = reply.lastIndexOf('.');
      const lane = Number(reply.slice(dot + 1));
      const answer = (outcome: Outcome, number = command.number, limit = 0): void => {
        const whole = encodeReplies({ clusterId, replies: [{ lane, number, outcome }] });
        const messages = limit === 0 ? [whole] : partsOf(whole, limit);
        for (const each of messages) leader.publish(`${reply.slice(0, dot)}.replies`, each);
      };
      if (sessionsToo || command.session?.type === 'in') return handle({ ...command, answer });
      sessions += 1;
      if (command.session?.type === 'open') answer({ ok: true, slot: sessions, results: [] });
    },
  });
  await leader.flush();
}

async function start(deadlineMs: number, maxInFlight = 1024): Promise<void> {
  client = await connect({ natsUrl, cluster: 'test', deadlineMs, maxInFlight });
}

const done = { ok: true, slot: 3, results: [Buffer.from('result')] } satisfies Outcome;
const refused = (code: ErrorCode, retryAfterMs?: number): Outcome => ({
  ok: false,
  code,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test('a request has the first number, and its answer the slot and results', async () => {
  const asked: Asked[] = [];
  await lead((each) => {
    asked.push(each);
    each.answer(done);
  });
  await start(5_000);
  expect(await client.propose([OPERATION])).toMatchObject({ slot: 3 });
  await client.propose([OPERATION, OPERATION]);
  await client.propose([OPERATION]);
  expect(asked.map(({ number, lowest }) => [number, lowest])).toEqual([
    [1, 1],
    [2, 2],
    [4, 4],
  ]);
});

test.each<ErrorCode>(['NO_LEADER', 'NOT_LEADING', 'OVERLOADED'])(
  'after %s it is sent again, with its number',
  async (code) => {
    const numbers: number[] = [];
    await lead((asked) => {
      numbers.push(asked.number);
      asked.answer(numbers.length < 4 ? refused(code) : done);
    });
    await start(5_000);
    await client.propose([OPERATION]);
    expect(numbers).toEqual([1, 1, 1, 1]);
  },
);

test('what was sent once into a session that has ended runs in another one', async () => {
  const asked: Asked[] = [];
  await lead((each) => {
    asked.push(each);
    each.answer(asked.length === 2 ? refused('SESSION_EXPIRED') : done);
  });
  await start(5_000);
  await client.propose([OPERATION]);
  await client.propose([OPERATION]);
  expect(asked.map(({ number, session }) => [number, session])).toEqual([
    [1, { type: 'in', id: 101 }],
    [2, { type: 'in', id: 101 }],
    [2, { type: 'in', id: 102 }],
  ]);
});

test('what was sent more often into a session that has ended may have run', async () => {
  let times = 0;
  await lead((each) => {
    times += 1;
    each.answer(refused(times === 1 ? 'NOT_LEADING' : 'SESSION_EXPIRED'));
  });
  await start(5_000);
  await expect(client.propose([OPERATION])).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  expect(times).toBe(2);
});

test('who was answered by a cluster that was restored since is told so, once', async () => {
  const ran: number[] = [];
  let slot = 20;
  await lead(({ session, number, answer }) => {
    const isOpening = session?.type === 'open';
    // The sessions of the cluster that was are not restored.
    const isOver = session?.type === 'in' && session.id !== slot;
    if (isOver) return answer(refused('SESSION_EXPIRED'));
    if (!isOpening) ran.push(number);
    answer({ ok: true, slot, results: done.results });
  }, true);
  await start(5_000, 2);
  await client.propose([OPERATION]);
  // The snapshot is older than what was answered: the slots say nothing.
  [clusterId, slot] = ['after', 7 + SLOT_MARGIN];
  const told = Array.from({ length: 4 }, () => client.propose([OPERATION]));
  for (const each of await Promise.allSettled(told)) {
    expect(each).toMatchObject({ reason: { code: 'CLUSTER_CHANGED' } });
  }
  expect(ran).toEqual([1]);
  expect(await client.propose([OPERATION])).toMatchObject({ slot });
  expect(ran).toHaveLength(2);
});

/** Takes reads, which any member does. */
async function serve(handle: (answer: (outcome: Outcome) => void) => void): Promise<void> {
  leader.subscribe(read, {
    callback: (_, { data, reply = '' }) => {
      const { number } = parseRead(data);
      const dot = reply.lastIndexOf('.');
      const lane = Number(reply.slice(dot + 1));
      handle((outcome) => {
        const replies = [{ lane, number, outcome }];
        leader.publish(`${reply.slice(0, dot)}.replies`, encodeReplies({ clusterId, replies }));
      });
    },
  });
  await leader.flush();
}

test('where two clusters have one name, no answer follows one of the other without a word', async () => {
  let count = 0;
  await serve((answer) => {
    count += 1;
    clusterId = count % 3 === 0 ? 'the other' : 'the one';
    answer({ ...done, results: [Buffer.from(clusterId)] });
  });
  await start(5_000);
  const seen: string[] = [];
  for (let i = 0; i < 9; i++) {
    const answer = client.read([OPERATION]).then(
      ({ results }) => Buffer.from(results[0] ?? []).toString(),
      (error: unknown) => (error as SynodError).code,
    );
    seen.push(await answer);
  }
  const changed = 'CLUSTER_CHANGED';
  const round = [changed, changed, 'the one'];
  expect(seen).toEqual(['the one', 'the one', ...round, ...round, changed]);
});

test('an answer that comes too late does not count as one of another cluster', async () => {
  const late: (() => void)[] = [];
  await serve((answer) => {
    answer(done);
    late.push(() => answer(done));
  });
  await start(5_000);
  await client.read([OPERATION]);
  clusterId = 'the other';
  late[0]?.();
  clusterId = 'before';
  await expect(client.read([OPERATION])).resolves.toMatchObject({ slot: 3 });
});

test('a session is opened by the first command, and closed with the client', async () => {
  const asked: Asked['session'][] = [];
  await lead(({ session, answer }) => {
    asked.push(session);
    answer({ ...done, slot: 7 });
  }, true);
  await start(5_000);
  expect(asked).toEqual([]);
  await Promise.all([client.propose([OPERATION]), client.propose([OPERATION])]);
  await client.close();
  await leader.flush();
  const within = { type: 'in', id: 7 };
  expect(asked).toEqual([
    { type: 'open', ttlMs: 60_000 },
    within,
    within,
    { type: 'close', id: 7 },
  ]);
});

test('a session that cannot be opened is the refusal of all that wait for it', async () => {
  await lead(({ answer }) => answer(refused('MALFORMED')), true);
  await start(5_000);
  const both = [client.propose([OPERATION]), client.propose([OPERATION])];
  const settled = await Promise.allSettled(both);
  expect(settled).toMatchObject([
    { reason: { code: 'MALFORMED' } },
    { reason: { code: 'MALFORMED' } },
  ]);
});

test('a command that NATS answers for, as nobody leads, may have been sent twice', async () => {
  await lead((each) => each.answer(done));
  await start(5_000);
  await client.propose([OPERATION]);
  await leader.close();
  const proposed = client.propose([OPERATION]);
  leader = await connectNats({ servers: natsUrl });
  await lead((each) => each.answer(refused('SESSION_EXPIRED')));
  await expect(proposed).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
});

test('a hint of when to try again is heeded', async () => {
  const times: number[] = [];
  await lead((asked) => {
    times.push(performance.now());
    asked.answer(times.length === 1 ? refused('OVERLOADED', 400) : done);
  });
  await start(5_000);
  await client.propose([OPERATION]);
  const [first = 0, second = 0] = times;
  expect(second - first).toBeGreaterThanOrEqual(200);
});

test.each<ErrorCode>(['TOO_LARGE', 'MALFORMED', 'ALREADY_ANSWERED', 'INVALID_OPERATION'])(
  '%s is final',
  async (code) => {
    let asked = 0;
    await lead(({ answer }) => {
      asked += 1;
      answer(refused(code));
    });
    await start(5_000);
    await expect(client.propose([OPERATION])).rejects.toMatchObject({ code });
    expect(asked).toBe(1);
  },
);

test('after silence it is sent again; an answer to an older request is stale', async () => {
  const numbers: number[] = [];
  await lead((asked) => {
    numbers.push(asked.number);
    if (numbers.length === 1) return asked.answer(done, 99);
    asked.answer({ ok: true, slot: 4, results: [] });
  });
  await start(10_000);
  expect(await client.propose([OPERATION])).toMatchObject({ slot: 4 });
  expect(numbers).toEqual([1, 1]);
});

test('when another member leads, what is unanswered is sent again before its silence ends', async () => {
  const times: number[] = [];
  await lead((asked) => {
    times.push(performance.now());
    if (times.length >= 2) return asked.answer(done);
    // However often somebody says so.
    for (let i = 0; i < 50; i++) leader.publish(subjects.leading('writer'));
  });
  await start(5_000);
  expect(await client.propose([OPERATION])).toMatchObject({ slot: 3 });
  const [first = 0, second = Infinity] = times;
  expect(second - first).toBeLessThan(900); // The silence is a second.
  await client.propose([OPERATION]);
  expect(times).toHaveLength(3);
});

test('without a leader it waits for one until the deadline, and then says TIMED_OUT', async () => {
  await start(400);
  const begin = performance.now();
  await expect(client.propose([OPERATION])).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(performance.now() - begin).toBeGreaterThanOrEqual(390);
});

test('what was refused until the deadline says why', async () => {
  const codes: ErrorCode[] = [];
  await lead(({ answer, session }) => {
    if (codes.length === 1 && session?.type === 'open') return answer({ ...done, results: [] });
    answer(refused(codes[0] ?? 'GARBLED'));
  }, true);
  await start(300);
  // The session that it would run in is not opened, and then it is, and the command is refused.
  codes.push('SESSIONS_FULL', 'SESSIONS_FULL');
  const message = (code: ErrorCode): string =>
    expect.stringContaining(`(the last answer was ${code})`) as string;
  await expect(client.propose([OPERATION])).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: message('SESSIONS_FULL'),
  });
  codes.splice(0, 2, 'OVERLOADED');
  await expect(client.propose([OPERATION])).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: message('OVERLOADED'),
  });
});

test('a leader that comes within the deadline gets it', async () => {
  await start(10_000);
  const answer = client.propose([OPERATION]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await lead((asked) => asked.answer(done));
  expect(await answer).toMatchObject({ slot: 3 });
});

test('no more are under way than it may; the others wait in order', async () => {
  const asked: Asked[] = [];
  await lead((each) => void asked.push(each));
  await start(5_000, 2);
  const answers = [1, 2, 3].map(() => client.propose([OPERATION]));
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await leader.flush();
  expect(asked.map(({ number }) => number)).toEqual([1, 2]);
  for (let next = asked.shift(); next; next = asked.shift()) {
    next.answer(done);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await Promise.all(answers)).toHaveLength(3);
});

test('an old request without answer holds back what the cluster would refuse to remember', async () => {
  const asked: Asked[] = [];
  await lead((each) => {
    asked.push(each);
    if (each.number > 1) each.answer(done);
  });
  await start(20_000);
  const first = client.propose([OPERATION]);
  const half = Array.from({ length: MAX_UNANSWERED / 2 }, () => OPERATION);
  await client.propose(half);
  const beyond = client.propose(half);
  await leader.flush();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked.map(({ number }) => number)).toEqual([1, 2]);
  asked[0]?.answer(done);
  await Promise.all([first, beyond]);
  expect(asked.at(-1)).toMatchObject({
    number: 2 + MAX_UNANSWERED / 2,
    lowest: 2 + MAX_UNANSWERED / 2,
  });
});

test('what can never be sent is refused at once: TOO_LARGE', async () => {
  await start(5_000);
  const many = Array.from({ length: MAX_UNANSWERED + 1 }, () => OPERATION);
  await expect(client.propose(many)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  await expect(client.propose([Buffer.alloc(2_000_000)])).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
});

test('what is too large names both sizes; what may have been taken before says that it may be decided', async () => {
  let asked = 0;
  await lead(({ answer }) => {
    asked += 1;
    if (asked === 2) return; // A leader that is lost.
    answer({ ok: false, code: 'TOO_LARGE', sizes: { bytes: 1234, most: 1000 } });
  });
  await start(5_000);
  const message = expect.stringContaining(
    '(it has 1234 bytes, and 1000 is the most now)',
  ) as string;
  const once = client.propose([OPERATION]);
  await expect(once).rejects.toMatchObject({ code: 'TOO_LARGE', message });
  const again = client.propose([OPERATION]);
  await expect(again).rejects.toMatchObject({ code: 'TIMED_OUT', message });
  expect(asked).toBe(3);
});

test('an answer that comes in parts is taken as a whole', async () => {
  const results = [randomBytes(5_000)];
  await lead(({ answer }) => answer({ ok: true, slot: 7, results }, undefined, 1_024));
  await start(5_000);
  expect(await client.propose([OPERATION])).toMatchObject({ slot: 7, results });
});

test('closing rejects what is under way and what comes later: CLOSED', async () => {
  await start(5_000);
  const open = client.propose([OPERATION]);
  const rejected = expect(open).rejects.toMatchObject({ code: 'CLOSED' });
  await client.close();
  await rejected;
  await expect(client.propose([OPERATION])).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(client.admin.status()).rejects.toThrow('The client was closed');
  await expect(client.admin.members()).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(client.admin.transferLeadership()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('where no server is, connecting says UNREACHABLE and which', async () => {
  await start(5_000);
  const nowhere = connect({ natsUrl: 'nats://127.0.0.1:1', cluster: 'test', deadlineMs: 500 });
  await expect(nowhere).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('nats://127.0.0.1:1') as string,
  });
});
