import fc from 'fast-check';
import { StateBytes, StateParser } from '../../../node/src/storage/state-bytes.ts';
import { Digests } from '../../../node/src/storage/digest.ts';
import type { SharedFacts } from '../../../node/src/storage/facts.ts';
import type { StateStore, Staging } from '../../../node/src/storage/state.ts';
import type { Entry } from '../../../node/src/storage/entry.ts';
import { lmdbPlace, memoryPlace } from './state-places.ts';

const settled = (work: (done: (error?: Error) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    work((error) => (error === undefined ? resolve() : reject(error)));
  });

async function fill(state: StateStore, keys: readonly string[], slotOut: number): Promise<void> {
  for (const key of keys) state.tables.put('t', key, Buffer.from(`value of ${key}`));
  await settled((done) => state.cut(slotOut).write(done));
}

function contents(state: StateStore): string[] {
  return [...state.tables.range('t')].map(([key, value]) => `${key}=${String(Buffer.from(value))}`);
}

function entriesOf(state: StateStore): { facts: SharedFacts; entries: Entry[] } {
  const snapshot = state.snapshot();
  const entries: Entry[] = [];
  for (let next = snapshot.entries.next(); next.done !== true; next = snapshot.entries.next()) {
    entries.push(next.value);
  }
  snapshot.close();
  return { facts: snapshot.facts, entries };
}

async function stage(into: Staging, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) await settled((done) => into.write([entry], done));
}

describe.each([
  ['LMDB', lmdbPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let [from, to] = [makePlace(), makePlace()];
  let theirs: StateStore;
  let own: StateStore;
  beforeEach(async () => {
    [from, to] = [makePlace(), makePlace()];
    theirs = from.open();
    own = to.open();
    await fill(theirs, ['a', 'b', 'é'], 9);
    await fill(own, ['old'], 2);
  });
  afterEach(async () => {
    await theirs.close();
    await own.close();
    from.clean();
    to.clean();
  });

  async function reopen(): Promise<void> {
    await own.close();
    own = to.open();
  }

  test('a state that was committed is the state from the next opening on', async () => {
    const { facts, entries } = entriesOf(theirs);
    const staging = own.stage();
    await stage(staging, entries);
    expect(staging.isAllOf(facts)).toBe(true);
    await settled((done) => staging.commit(facts, { logEnd: 7, heard: {} }, done));
    await reopen();
    expect(own.facts).toEqual({ ...facts, origin: 'taken', logEnd: 7, heard: {} });
    expect(own.flushedSlotOut).toBe(9);
    expect(contents(own)).toEqual(contents(theirs));
    await fill(own, ['more'], 10);
    await reopen();
    expect(own.flushedSlotOut).toBe(10);
    expect(contents(own)).toHaveLength(4);
  });

  test('one that was not committed, or was discarded, leaves the own one as it is', async () => {
    const { entries } = entriesOf(theirs);
    const discarded = own.stage();
    await stage(discarded, entries);
    discarded.discard();
    await stage(own.stage(), entries);
    await reopen();
    expect(own.flushedSlotOut).toBe(2);
    expect(contents(own)).toEqual(['old=value of old']);
  });

  test('a snapshot is the state at its slot, whatever is written meanwhile', async () => {
    const snapshot = theirs.snapshot();
    const first = snapshot.entries.next();
    await fill(theirs, ['a', 'aa', 'z'], 12);
    const keys = first.done === true ? [] : [first.value[0]];
    for (let next = snapshot.entries.next(); next.done !== true; next = snapshot.entries.next()) {
      keys.push(next.value[0]);
    }
    snapshot.close();
    expect(snapshot.facts.slotOut).toBe(9);
    expect(keys).toEqual(['t\0a', 't\0b', 't\0é']);
  });

  test('what is only in the overlay is not in a snapshot', () => {
    theirs.tables.put('t', 'late', Buffer.from('x'));
    expect(entriesOf(theirs)).toMatchObject({ facts: { slotOut: 9 }, entries: { length: 3 } });
  });
});

test('LMDB: what was left of unfinished copies is gone at the next opening', async () => {
  const place = lmdbPlace();
  const state = place.open();
  await stage(state.stage(), [['t\0a', Buffer.from('x')]]);
  expect(place.names()).toEqual(['state.incoming-1.mdb', 'state.mdb']);
  await state.close();
  await place.open().close();
  expect(place.names()).toEqual(['state.mdb']);
  place.clean();
});

test('any entries, cut anywhere, come out as they went in', () => {
  const facts: SharedFacts = {
    slotOut: 7,
    machine: { name: 'm', version: 2 },
    configurations: [{ number: 1, from: 3, voters: ['a'], learners: [], window: 2 }],
    history: { slot: 7, from: 0, hash: 2n ** 64n - 1n },
    isReadOnly: true,
    digests: new Digests([['t', { count: 2, sum: 5n }]]),
  };
  const key = fc.string({ maxLength: 20, unit: 'binary-ascii' });
  const entry = fc.tuple(key, fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(entry), fc.integer({ min: 1, max: 200 }), (entries, size) => {
      const bytes = new StateBytes({ entries: entries.values(), facts });
      const parser = new StateParser();
      const found: Entry[] = [];
      do found.push(...parser.take(bytes.read(size)));
      while (!bytes.isOver);
      expect(parser).toMatchObject({ isWhole: true, facts });
      const plain = (all: readonly Entry[]): unknown =>
        all.map(([name, value]) => [name, [...(value ?? [])]]);
      expect(plain(found)).toEqual(plain(entries));
    }),
    { seed: 5, numRuns: 200 },
  );
});
