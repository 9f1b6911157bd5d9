import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'nats';
import { until as untilDeadline } from '../../../cli/src/bench/until.ts';
import { NatsLink } from '../../../link/src/nats-link.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import { folderNats } from '../../../cli/src/local/folder-nats.ts';
import { Workspace } from '../../../cli/src/local/workspace.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import { MemoryNetwork } from '../../../node/src/transport/memory.ts';
import { NatsTransport } from '../../../node/src/transport/nats.ts';
import type { DropReason, Stamp, Transport } from '../../../node/src/transport/transport.ts';
import { ballot } from '../paxos/samples.ts';

/* One suite for every transport; NATS is a real server. */

const members = ['a', 'b', 'c'];
const DEADLINE_MS = 5_000;

interface End {
  readonly transport: Transport;
  readonly got: { from: string; message: Message }[];
  readonly dropped: DropReason[];
  /** Who is gone, as the network said. */
  readonly gone: string[];
}

interface Network {
  join(member: string, cluster?: string, settledMs?: number): Promise<End>;
  /** Puts bytes on the way to a member, as anybody could. */
  inject(to: string, bytes: Uint8Array): void;
  stop(): Promise<void>;
}

function listen(dropped: DropReason[], transport: Transport): End {
  const got: End['got'] = [];
  const gone: string[] = [];
  transport.onGone((member) => gone.push(member));
  transport.onMessage((from, message) => got.push({ from, message }));
  return { transport, got, dropped, gone };
}

function memory(): Promise<Network> {
  const network = new MemoryNetwork((_from, _to, deliver, data) => {
    setImmediate(() => deliver(data));
  });
  return Promise.resolve({
    join(member, cluster = 'test') {
      const dropped: DropReason[] = [];
      const onDropped = (reason: DropReason): void => void dropped.push(reason);
      const options = { cluster, self: member, stamp, onDropped };
      return Promise.resolve(listen(dropped, network.join(options)));
    },
    inject: (to, bytes) => network.publish('nobody', to, bytes),
    stop: () => Promise.resolve(),
  });
}

async function nats(): Promise<Network> {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-transport-'));
  const workspace = new Workspace(folder);
  const url = await folderNats(workspace, process.env, () => undefined);
  const subjects = subjectsOf('local', 'test');
  const connections: { close(): Promise<void> }[] = [];
  const outside = await connect({ servers: url });
  return {
    async join(self, cluster = 'test', settledMs = 0) {
      const ignore = (): void => undefined;
      const name = `test ${self}`;
      const connection = await NatsLink.open(
        { access: { url }, name, echo: false, dialMs: DEADLINE_MS },
        { connected: ignore, disconnected: ignore, trouble: ignore, denied: ignore },
      );
      connections.push(connection);
      const dropped: DropReason[] = [];
      const peers = members.filter((member) => member !== self);
      const onDropped = (reason: DropReason): void => void dropped.push(reason);
      const transport = new NatsTransport({
        ...{ connection, subjects, cluster, self, stamp, peers, onDropped },
        fanOut: true,
        settledMs,
      });
      await connection.flush();
      return listen(dropped, transport);
    },
    inject: (to, bytes) => outside.publish(subjects.member(to), bytes),
    async stop() {
      for (const connection of [...connections, outside]) await connection.close();
      await workspace.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const end = { incarnation: { count: 1, random: 2 }, sequence: 3 };
const history = { slot: 7, from: 0, hash: 2n ** 63n + 5n };
const stamp = (): Stamp => ({ end, history });

/** Waits until it holds; the deadline is a failure. */
async function until(what: () => boolean): Promise<void> {
  await untilDeadline('what was sent', DEADLINE_MS, () => what() || undefined);
}

const p2b = (slot: number): Message => ({ type: 'p2b', ballot: ballot('1.a'), slot });

describe.each([
  ['memory', memory],
  ['NATS', nats],
])('%s', (name, start) => {
  let network: Network;
  beforeAll(async () => (network = await start()), 60_000);
  afterAll(() => network.stop());

  test('what is sent to one reaches that one, in order', async () => {
    const [a, b, c] = await Promise.all(members.map((member) => network.join(member)));
    a?.transport.send('b', [p2b(1), p2b(2)]);
    a?.transport.send('b', [p2b(3)]);
    await until(() => b?.got.length === 3);
    expect(b?.got).toEqual([1, 2, 3].map((slot) => ({ from: 'a', message: p2b(slot) })));
    expect([a?.got, c?.got]).toEqual([[], []]);
  });

  test('a broadcast reaches all others, and not the sender', async () => {
    const [a, b, c] = await Promise.all(members.map((member) => network.join(member)));
    a?.transport.broadcast([p2b(7)]);
    await until(() => b?.got.length === 1 && c?.got.length === 1);
    b?.transport.send('a', [p2b(8)]);
    await until(() => a?.got.length === 1);
    expect(a?.got).toEqual([{ from: 'b', message: p2b(8) }]);
  });

  test('garbage is dropped and counted, and the next message is delivered', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((member) => network.join(member)));
    network.inject('b', Buffer.from('garbage'));
    network.inject('b', Buffer.alloc(0));
    await until(() => b?.dropped.length === 2);
    expect(b?.dropped).toEqual(['malformed', 'malformed']);
    a?.transport.send('b', [p2b(1)]);
    await until(() => b?.got.length === 1);
  });

  test("another cluster's messages are dropped and counted", async () => {
    const own = await network.join('b');
    const other = await network.join('a', 'other');
    other.transport.send('b', [p2b(1)]);
    await until(() => own.dropped.length === 1);
    expect([own.dropped, own.got]).toEqual([['other-cluster'], []]);
  });

  test('who asks is told whether a member is gone, and nobody hears of the question', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((member) => network.join(member)));
    a?.transport.askPresence('b');
    await new Promise<void>((done) => a?.transport.flush(done));
    a?.transport.askPresence('nobody');
    await until(() => a?.gone.length === 1);
    expect([a?.gone, a?.got, b?.got, a?.dropped, b?.dropped]).toEqual([['nobody'], [], [], [], []]);
  });

  test('flush calls back', async () => {
    const { transport } = await network.join('a');
    transport.send('b', [p2b(1)]);
    await new Promise<void>((done) => transport.flush(done));
  });

  if (name !== 'NATS') return;

  test('who has just connected asks nobody: others were cut off with it, and come back', async () => {
    const asking = await network.join('a', 'test', Infinity);
    asking.transport.askPresence('nobody');
    await new Promise<void>((done) => asking.transport.flush(done)); // An answer comes before.
    expect(asking.gone).toEqual([]);
  });

  test('what is too large together travels apart, one message alone in parts, and one of all too many bytes not', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((member) => network.join(member)));
    const large = (slot: number, bytes: number): Message => ({
      type: 'propose',
      slot,
      value: [Buffer.alloc(bytes)],
    });
    a?.transport.send(
      'b',
      [1, 2, 3, 4, 5].map((slot) => large(slot, 400_000)),
    );
    await until(() => b?.got.length === 5);
    a?.transport.send('b', [large(6, 2_000_000), p2b(7)]);
    await until(() => b?.got.length === 7);
    const [whole, behind] = (b?.got ?? []).slice(5).map(({ message }) => message);
    expect(behind).toEqual(p2b(7));
    expect(whole).toMatchObject({ type: 'propose', slot: 6, value: [{ length: 2_000_000 }] });
    a?.transport.send('b', [large(8, 5_000_000), p2b(9)]);
    await until(() => b?.got.length === 8);
    expect(b?.got.at(-1)?.message).toEqual(p2b(9));
    expect(a?.dropped).toEqual(['too-large']);
  });
});
