import type { Chunk, Fetch, StateMessage } from '../../../node/src/paxos/messages.ts';
import { chatLogMachine } from '../../../machines/src/chat-log/machine.ts';
import { StateReceiver } from '../../../node/src/service/state-receiver.ts';
import { StateSender } from '../../../node/src/service/state-sender.ts';
import { StateTransfer } from '../../../node/src/service/state-transfer.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

const CHUNK_BYTES = 64;
const ENTRIES = 40;
const SLOT = 9;
const LONG_TICKS = 5_000;
const ids = { clusterId: 'local/test', memberId: 'a' };

/** Tables whose writes are done at once. */
function store(disk = new MemoryStateDisk()): { disk: MemoryStateDisk; state: StateStore } {
  return { disk, state: openMemoryState(new MemoryFile(disk, (run) => run()), ids) };
}

/** What the next process finds. */
function found(disk: MemoryStateDisk): { slotOut: number; entries: number } {
  const { state } = store(disk);
  return { slotOut: state.flushedSlotOut, entries: [...state.tables.range('t')].length };
}

function filled(): StateStore {
  const { state } = store();
  for (let i = 0; i < ENTRIES; i++) state.tables.put('t', `key ${i}`, Buffer.from(`value ${i}`));
  state.cut(SLOT).write(() => undefined);
  return state;
}

interface Sent<M> {
  readonly to: string;
  readonly message: M;
}

/** Others are strangers. */
const isMember = (id: string): boolean => ['a', 'b', 'c'].includes(id);

/** A sender, what it has sent since it was asked last, and how its state goes on. */
function sender(chunkBytes = CHUNK_BYTES): {
  sender: StateSender;
  take: () => Sent<Chunk>[];
  advance: (slot: number) => void;
} {
  const state = filled();
  const sent: Sent<Chunk>[] = [];
  let draws = 0;
  const send = (to: string, message: Chunk): void => void sent.push({ to, message });
  const random = (): number => (draws += 1) / 100;
  return {
    sender: new StateSender({ state, chunkBytes: () => chunkBytes, send, isMember, random }),
    take: () => sent.splice(0),
    advance: (slot) => state.cut(slot).write(() => undefined),
  };
}

/**
 * @param behind its own state has every slot below it
 * @param mayTake whether it can go on with what comes
 */
function receiver(behind = 0, mayTake = true) {
  const asked: Sent<Fetch>[] = [];
  const received: number[] = [];
  const { disk, state } = store();
  const taking = new StateReceiver(state, {
    fetch: (to, message) => void asked.push({ to, message }),
    isNews: (slot) => slot > behind,
    mayTake: (from, facts) => {
      expect({ from, slotOut: facts.slotOut }).toEqual({ from: 'a', slotOut: SLOT });
      return mayTake;
    },
    received: (facts, staging) => {
      received.push(facts.slotOut);
      staging.commit(facts, { logEnd: 0, heard: {} }, () => undefined);
    },
    failed: (error) => {
      throw error;
    },
  });
  return { taking, take: () => asked.splice(0), received, disk };
}

/** Carries questions and chunks until nobody says anything. @param tamper changes chunks */
function carry(
  from: ReturnType<typeof sender>,
  to: ReturnType<typeof receiver>,
  tamper: (chunk: Chunk) => readonly Chunk[] = (chunk) => [chunk],
): void {
  for (let asked = to.take(); asked.length > 0; asked = to.take()) {
    for (const { message } of asked) from.sender.fetch('b', message);
    for (const { message } of from.take()) {
      for (const chunk of tamper(message)) to.taking.chunk('a', chunk);
    }
  }
}

test('a state comes whole, in chunks, each on request', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  let chunks = 0;
  carry(from, to, (chunk) => {
    chunks += 1;
    expect(chunk.bytes.length).toBeLessThanOrEqual(CHUNK_BYTES);
    return [chunk, chunk]; // Doubles are no-ops.
  });
  expect(chunks).toBeGreaterThan(10);
  expect(to.received).toEqual([SLOT]);
  expect(found(to.disk)).toEqual({ slotOut: SLOT, entries: ENTRIES });
});

test('a chunk that was changed on its way ends it: nothing of it is taken', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  const sent: number[] = [];
  carry(from, to, (chunk) => {
    sent.push(chunk.at);
    if (chunk.at !== 3) return [chunk];
    const bytes = Buffer.from(chunk.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return [{ ...chunk, bytes }];
  });
  expect(to.received).toEqual([]);
  expect(to.taking.incoming).toBeUndefined();
  expect(found(to.disk)).toEqual({ slotOut: 0, entries: 0 });
  expect(sent.at(-1)).toBe(3); // It does not ask for more of it.
});

test('a chunk that was lost is asked for again, and sent again', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  let isLost = false;
  carry(from, to, (chunk) => {
    if (chunk.at !== 3 || isLost) return [chunk];
    isLost = true;
    return [];
  });
  expect(to.received).toEqual([]);
  for (let tick = 0; tick < 30; tick++) to.taking.tick();
  carry(from, to);
  expect(to.received).toEqual([SLOT]);
});

test('a first chunk that is late is waited for, however often it was asked for', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  for (let tick = 0; tick < 60; tick++) to.taking.tick();
  expect(to.take()).toHaveLength(3);
  for (let i = 0; i < 3; i++) from.sender.fetch('b', { type: 'fetch', at: 0 });
  const chunks = from.take().map(({ message }) => message);
  expect(new Set(chunks.map(({ snapshot, at }) => `${snapshot} ${at}`)).size).toBe(1);
  for (const chunk of chunks) to.taking.chunk('a', chunk);
  carry(from, to);
  expect(to.received).toEqual([SLOT]);
});

test('a state that would not bring the own one on is not taken', () => {
  const [from, to] = [sender(), receiver(SLOT)];
  to.taking.begin('a');
  carry(from, to);
  expect(to.received).toEqual([]);
  expect(to.taking.incoming).toBeUndefined();
});

test('a state that the own machine cannot go on with is given up as soon as it says so', () => {
  const [from, to] = [sender(), receiver(0, false)];
  to.taking.begin('a');
  carry(from, to, (chunk) => {
    expect(chunk.at).toBeLessThan(9); // Its facts come first.
    return [chunk];
  });
  expect(to.received).toEqual([]);
  expect(to.taking.incoming).toBeUndefined();
  expect(found(to.disk)).toEqual({ slotOut: 0, entries: 0 });
});

test('another snapshot starts over', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  carry(from, to, (chunk) => (chunk.at < 3 ? [chunk] : []));
  expect(to.taking.incoming).toEqual({ from: 'a', bytes: 3 * CHUNK_BYTES });
  for (let tick = 0; tick < LONG_TICKS; tick++) from.sender.tick(); // It is closed meanwhile.
  for (let tick = 0; tick < 30; tick++) to.taking.tick();
  let first: string | undefined;
  carry(from, to, (chunk) => {
    first ??= chunk.snapshot;
    return [chunk];
  });
  expect(first).toBeDefined();
  expect(to.received).toEqual([SLOT]);
  expect(found(to.disk)).toEqual({ slotOut: SLOT, entries: ENTRIES });
});

test('who gets no answer gives up, and may ask another one', () => {
  const to = receiver();
  to.taking.begin('gone');
  for (let tick = 0; tick < LONG_TICKS; tick++) to.taking.tick();
  expect(to.taking.incoming).toBeUndefined();
  to.take();
  to.taking.begin('a');
  expect(to.take()).toEqual([{ to: 'a', message: { type: 'fetch', at: 0 } }]);
});

test('one member at a time; a snapshot that nobody asks for is closed', () => {
  const { sender: from, take } = sender();
  from.fetch('b', { type: 'fetch', at: 0 });
  from.fetch('c', { type: 'fetch', at: 0 });
  expect(take().map(({ to }) => to)).toEqual(['b']);
  for (let tick = 0; tick < LONG_TICKS; tick++) from.tick();
  from.fetch('c', { type: 'fetch', at: 0 });
  expect(take().map(({ to }) => to)).toEqual(['c']);
});

test.each([CHUNK_BYTES, 1 << 20])(
  'of thousands who ask for a state in one tick one is given one (chunks of %d bytes)',
  (chunkBytes) => {
    const { sender: from, take } = sender(chunkBytes);
    for (let i = 0; i < 3_000; i++) from.fetch(`x${i}`, { type: 'fetch', at: 0 });
    expect(take().map(({ to }) => to)).toEqual(['x0']);
    // Members have a turn of their own, also while a stranger's is not over.
    for (const member of ['b', 'c']) from.fetch(member, { type: 'fetch', at: 0 });
    for (let i = 0; i < 3_000; i++) from.fetch(`x${i}`, { type: 'fetch', at: 0 });
    expect(take().map(({ to }) => to)).toEqual(['b']);
  },
);

test('who begins anew again and again in one tick is given one state', () => {
  const { sender: from, take } = sender();
  for (let i = 0; i < 1_000; i++) {
    from.fetch('b', { type: 'fetch', at: 0, snapshot: `made up ${i}` });
  }
  expect(take()).toHaveLength(1);
});

test('a stranger has no turn while a member has one', () => {
  const { sender: from, take } = sender();
  from.fetch('b', { type: 'fetch', at: 0 });
  const [first] = take();
  from.tick();
  from.fetch('x', { type: 'fetch', at: 0 });
  expect(take()).toEqual([]);
  from.fetch('b', { type: 'fetch', at: 1, snapshot: first?.message.snapshot ?? '' });
  expect(take()).toMatchObject([{ to: 'b', message: { at: 1 } }]);
});

test('the log is needed from a snapshot on, until whoever took it has had time to catch up', () => {
  const { sender: from } = sender();
  expect(from.neededFrom).toBe(Infinity);
  from.fetch('b', { type: 'fetch', at: 0 });
  expect(from.neededFrom).toBe(SLOT);
  for (let tick = 0; tick < LONG_TICKS; tick++) from.tick();
  expect(from.neededFrom).toBe(Infinity);
});

test('who fetches again and again needs the log from its newest snapshot on, and no further', () => {
  const { sender: from, take, advance } = sender();
  for (let slot = SLOT; slot < 100; slot += 10) {
    advance(slot);
    from.fetch('b', { type: 'fetch', at: 0 });
    const first = take().at(-1);
    from.fetch('b', { type: 'fetch', at: 1, snapshot: first?.message.snapshot ?? '' });
    expect(from.neededFrom).toBe(slot);
    from.tick();
  }
  for (let tick = 0; tick < LONG_TICKS; tick++) from.tick();
  expect(from.neededFrom).toBe(Infinity);
});

test('whoever vanished does not hold the log for longer because others fetch on', () => {
  const [from, to] = [sender(), receiver()];
  to.taking.begin('a');
  carry(from, to);
  expect(from.sender.neededFrom).toBe(SLOT);
  from.advance(SLOT + 1);
  from.sender.tick();
  from.sender.fetch('c', { type: 'fetch', at: 0 });
  expect(from.sender.neededFrom).toBe(SLOT); // The first one may be catching up.
  for (let tick = 0; tick < LONG_TICKS; tick++) {
    if (tick % 100 === 0) from.sender.fetch('c', { type: 'fetch', at: 0 });
    from.sender.tick();
  }
  expect(from.sender.neededFrom).toBe(SLOT + 1);
});

test('who took a state of one chunk, and begins anew again and again, is given a newer one', () => {
  const { sender: from, take, advance } = sender(1 << 20);
  const first = { type: 'fetch', at: 0 } as const;
  from.fetch('b', first);
  expect(take()).toMatchObject([{ message: { slot: SLOT, isLast: true } }]);
  advance(SLOT + 5);
  const slots = Array.from({ length: 30 }, () => {
    for (let tick = 0; tick < 10; tick++) from.tick();
    from.fetch('b', first);
    return take()[0]?.message.slot;
  });
  expect(slots[0]).toBe(SLOT); // It may have been lost.
  expect(slots.at(-1)).toBe(SLOT + 5);
});

test('who never goes on with a snapshot, and asks for it all the same, gets another one in time', () => {
  const { sender: from, take, advance } = sender();
  from.fetch('b', { type: 'fetch', at: 0 });
  advance(SLOT + 1);
  const snapshots = new Set<string>();
  for (let tick = 0; tick < 100_000; tick++) {
    if (tick % 100 === 0) from.fetch('b', { type: 'fetch', at: 0 });
    for (const { message } of take()) snapshots.add(message.snapshot);
    from.tick();
  }
  expect(snapshots.size).toBe(2);
  expect(from.neededFrom).toBe(SLOT + 1);
});

/** Takes a state of which slots are applied here before its last chunk is there. */
function takeWhile(applied: number): { restored: number[]; found: ReturnType<typeof found> } {
  const { disk, state } = store();
  const from = sender();
  const [asked, restored]: [StateMessage[], number[]] = [[], []];
  let slotOut = 0;
  const transfer = new StateTransfer(
    {
      state,
      machine: chatLogMachine,
      slotOut: () => slotOut,
      own: () => ({ logEnd: 0, heard: {} }),
      isMember,
      say: (_, message) => void asked.push(message),
      random: () => 0,
      halt: (idle) => idle(),
      refused: () => undefined,
      restored: (slot) => void restored.push(slot),
      failed: (error) => {
        throw error;
      },
    },
    () => CHUNK_BYTES,
  );
  transfer.begin('a');
  for (let message = asked.shift(); message !== undefined; message = asked.shift()) {
    if (message.type === 'fetch') from.sender.fetch('b', message);
    for (const { message: chunk } of from.take()) {
      if (chunk.isLast) slotOut = applied;
      transfer.heard('a', chunk);
    }
  }
  return { restored, found: found(disk) };
}

test('R4: a state with which the member caught up while it came is not taken', () => {
  const none = { slotOut: 0, entries: 0 };
  expect(takeWhile(SLOT - 1).restored).toEqual([SLOT]);
  expect(takeWhile(SLOT)).toEqual({ restored: [], found: none });
  expect(takeWhile(SLOT + 5)).toEqual({ restored: [], found: none });
});
