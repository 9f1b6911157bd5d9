import { randomBytes } from 'node:crypto';
import { connect as connectNats } from 'nats';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { encodeCommand, type SessionUse } from '../../contract/src/command.ts';
import { encodeCounterOperation } from '../../machines/src/counter/operations.ts';
import { parseReplies, type Outcome } from '../../contract/src/reply.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { TestFolder, until } from './test-cluster.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/* Sessions that end, with real processes: ARCHITECTURE.md, "Once". */

let folder: TestFolder;
let cluster: LocalCluster;
beforeEach(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3, undefined, ['--machine', 'counter']);
}, 30_000);
afterEach(() => folder.remove(), 20_000);

/** In the state of every member, once all have the same number of them. */
async function sessions(): Promise<number> {
  return until('as many sessions everywhere', async () => {
    const each = cluster.names.map((name) => folder.metric(name, 'synod_sessions'));
    const [first, ...others] = await Promise.all(each);
    return others.every((count) => count === first) ? first : undefined;
  });
}

test('a client that closes leaves nothing', async () => {
  const client = await folder.client(cluster);
  await client.machine(counter).add('r', 1);
  expect(await sessions()).toBe(1);
  await client.close();
  await until('nothing is left', async () => ((await sessions()) === 0 ? true : undefined));
});

test('a client that vanishes is forgotten; its commands run no more, however late they come', async () => {
  const nats = await connectNats({ servers: cluster.natsUrl });
  const subjects = subjectsOf('local', folder.cluster);
  const client = randomBytes(16).toString('hex');
  const inbox = `${subjects.inbox('writer')}.${client}`;
  const ask = (session: SessionUse, number: number): Promise<Outcome> => {
    const add = encodeCounterOperation({ type: 'add', register: 'r', delta: 1 });
    const operations = session.type === 'in' ? [add] : [];
    const command = encodeCommand({ client, number, lowest: 1, operations, session });
    return until('an answer', async () => {
      const replies = nats.subscribe(`${inbox}.replies`, { max: 1, timeout: 500 });
      nats.publish(subjects.request, command, { reply: `${inbox}.0` });
      try {
        for await (const { data } of replies) return parseReplies(data)?.replies[0]?.outcome;
      } catch {
        // Nobody leads yet.
      }
      return undefined;
    });
  };
  try {
    const opened = await ask({ type: 'open', ttlMs: 3_000 }, 900);
    const id = opened.ok ? opened.slot : NaN;
    expect(opened).toMatchObject({ ok: true, results: [] });
    expect(await ask({ type: 'in', id }, 1)).toMatchObject({ ok: true });
    await until('it is forgotten', async () => ((await sessions()) === 0 ? true : undefined));
    expect(await folder.metric('n0', 'synod_sessions_expired_total')).toBe(1);
    expect(await ask({ type: 'in', id }, 1)).toEqual({ ok: false, code: 'SESSION_EXPIRED' });
  } finally {
    await nats.close();
  }
  const late = await folder.client(cluster);
  expect((await late.machine(counter).read('r')).value).toBe(1);
});
