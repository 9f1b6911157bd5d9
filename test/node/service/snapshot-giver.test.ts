import { randomBytes } from 'node:crypto';
import { SnapshotParser } from '../../../contract/src/snapshot-file.ts';
import {
  parseSnapshotAnswer,
  type SnapshotAnswer,
  type SnapshotPart,
} from '../../../contract/src/snapshot.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { DamageError } from '../../../node/src/storage/damage.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { Awaited } from '../../../node/src/service/awaited.ts';
import {
  SnapshotGiver,
  type SnapshotGiverPorts,
} from '../../../node/src/service/snapshot-giver.ts';

const machine = { name: 'chat-log', version: 1 };
const ids = { clusterId: 'old', memberId: 'a', machine: { has: machine, first: machine } };
const about = {
  ...{ version: '1', namespace: 'local', cluster: 'c', clusterId: 'old' },
  ...{ member: 'a', name: 'n0', time: 'now' },
};

function put(state: StateStore, slotOut: number): void {
  for (let i = 100; i < 140; i++) state.tables.put('t', `key ${i}`, Buffer.from(`value ${i}`));
  state.cut(slotOut).write(() => undefined);
}

/** A giver of a state of 9 slots; a linearizable read sees what `reads` says. */
function giver(reads: () => Outcome | undefined = () => undefined): {
  giver: SnapshotGiver;
  state: StateStore;
  disk: MemoryStateDisk;
  damages: DamageError[];
  member: { slotOut: number };
  /** By how much the file may grow. */
  growth: { bytes: number };
  awaited: Awaited;
} {
  const disk = new MemoryStateDisk();
  const state = openMemoryState(new MemoryFile(disk, (run) => run()), ids);
  put(state, 9);
  const damages: DamageError[] = [];
  const member = { slotOut: 9 };
  const growth = { bytes: Infinity };
  const awaited = new Awaited();
  const driver = {
    member,
    until: (isSo: () => boolean, ms: number) => awaited.until(isSo, ms),
    read: (_: unknown, answer: (outcome: Outcome) => void) => {
      const outcome = reads();
      if (outcome !== undefined) answer(outcome);
    },
  } as unknown as ReturnType<SnapshotGiverPorts['driver']>; // The giver only reads.
  const ports: SnapshotGiverPorts = {
    state: () => state,
    driver: () => driver,
    about: () => about,
    chunkBytes: () => 200,
    mayGrowBytes: () => growth.bytes,
    failed: (error) => damages.push(error),
  };
  return { giver: new SnapshotGiver(ports), state, disk, damages, member, growth, awaited };
}

const id = (): string => randomBytes(16).toString('hex');

async function ask(
  from: SnapshotGiver,
  request: { id: string; at: number; local?: boolean },
): Promise<SnapshotAnswer> {
  const answer = parseSnapshotAnswer(
    await from.answer(JSON.stringify({ local: true, ...request })),
  );
  if (answer === undefined) throw new Error('it is no answer');
  return answer;
}

async function part(from: SnapshotGiver, of: string, at: number): Promise<SnapshotPart> {
  const answer = await ask(from, { id: of, at });
  if (!answer.ok) throw new Error(answer.code);
  return answer.part;
}

async function all(from: SnapshotGiver, of = id()): Promise<SnapshotParser> {
  const parser = new SnapshotParser();
  for (let at = 0; ; at++) {
    const { bytes, isLast } = await part(from, of, at);
    parser.take(bytes);
    if (isLast) return parser;
  }
}

test('parts make one snapshot, of one time, while the state goes on', async () => {
  const { giver: from, state } = giver();
  const mine = id();
  const parser = new SnapshotParser();
  let last: SnapshotPart | undefined;
  for (let at = 0; last?.isLast !== true; at++) {
    last = await part(from, mine, at);
    expect(await part(from, mine, at)).toEqual(last); // It may have been lost.
    parser.take(last.bytes);
    state.tables.put('t', `later ${at}`, Buffer.of(1));
    state.cut(10 + at).write(() => undefined);
  }
  expect(parser.end()).toMatchObject({ header: { slot: 9, machine }, tables: { t: 40 } });
  expect([last.entries, last.of]).toEqual([40, 40]);
});

test('one at a time: another one waits until it is given, or let go', async () => {
  const { giver: from } = giver();
  const [mine, other] = [id(), id()];
  await part(from, mine, 0);
  const busy = { ok: false, code: 'SNAPSHOT_BUSY' };
  expect(await ask(from, { id: other, at: 0 })).toEqual(busy);
  expect(await ask(from, { id: other, at: 1 })).toEqual({ ok: false, code: 'SNAPSHOT_GONE' });
  from.stop();
  expect(await ask(from, { id: mine, at: 1 })).toEqual({ ok: false, code: 'SNAPSHOT_GONE' });
  await all(from, other);
  await all(from);
});

test('a part that is not the next one is not given', async () => {
  const { giver: from } = giver();
  const mine = id();
  await part(from, mine, 0);
  const gone = { ok: false, code: 'SNAPSHOT_GONE' };
  expect(await ask(from, { id: mine, at: 2 })).toEqual(gone);
  await part(from, mine, 1);
  expect(await ask(from, { id: mine, at: 0 })).toEqual(gone);
  await part(from, mine, 2);
});

test('it waits until what was read before is on disk', async () => {
  const reads = (): Outcome => ({ ok: true, slot: 11, results: [] });
  const { giver: from, state, member, awaited } = giver(reads);
  member.slotOut = 12;
  const mine = id();
  let given: SnapshotAnswer | undefined;
  const asked = ask(from, { id: mine, at: 0, local: false }).then((answer) => (given = answer));
  await new Promise((resolve) => setTimeout(resolve, 50));
  awaited.look();
  expect(given).toBeUndefined();
  put(state, 12);
  awaited.look(); // The turn that hears of it.
  await asked;
  expect(given).toMatchObject({ ok: true });
  const parser = new SnapshotParser();
  parser.take((await part(from, mine, 0)).bytes);
  parser.take((await part(from, mine, 1)).bytes);
  expect(parser.header?.slot).toBe(12);
});

test('without a quorum there is none, but as the member has it', async () => {
  const { giver: from } = giver(() => ({ ok: false, code: 'NOT_SERVING' }));
  const refused = { ok: false, code: 'NOT_SERVING' };
  expect(await ask(from, { id: id(), at: 0, local: false })).toEqual(refused);
  expect((await all(from)).end().header.slot).toBe(9);
});

test('a state that is damaged is given to nobody, and its member is told', async () => {
  const { giver: from, disk, damages } = giver();
  const raw = new MemoryFile(disk, (run) => run());
  const key = 't\0key 120';
  const stored = Buffer.from(raw.get(key) ?? []);
  stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
  raw.writeNow([[key, stored]]);
  await expect(all(from)).rejects.toThrow('DAMAGED');
  expect(damages).toHaveLength(1);
  // A missing entry, too: it is known only at the end.
  raw.writeNow([[key, undefined]]);
  await expect(all(from)).rejects.toThrow('DAMAGED');
  expect(damages).toHaveLength(2);
});

test.each(['', '{}', '{"id":"x","at":0,"local":true}'])('%j is no request', async (text) => {
  const answer = parseSnapshotAnswer(await giver().giver.answer(text));
  expect(answer).toEqual({ ok: false, code: 'MALFORMED' });
});

test('one that is taken slowly ends when the file has grown too much, and another one begins', async () => {
  const { giver: from, state, growth } = giver();
  growth.bytes = 1_000;
  const slow = id();
  await part(from, slow, 0);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 20; j++) state.tables.put('u', `${i} ${j}`, Buffer.alloc(100));
    state.cut(10 + i).write(() => undefined);
  }
  expect(await ask(from, { id: slow, at: 1 })).toEqual({ ok: false, code: 'SNAPSHOT_GONE' });
  expect((await part(from, id(), 0)).at).toBe(0);
});
