import { DamageError } from '../../../node/src/storage/damage.ts';
import { ForeignDataError } from '../../../node/src/storage/format-error.ts';
import type { Entry } from '../../../node/src/storage/entry.ts';
import type { CutFacts, StateStore } from '../../../node/src/storage/state.ts';
import { lmdbPlace, memoryPlace, type StatePlace } from './state-places.ts';

/* What is missing from a state, or foreign in it, or older than what was written, is noticed. */

const proven = { proven: ['sessions'] };
const FACTS = '\0meta';
const RANGES = { from: '\0range', to: '\0rangf' };
const ALL = { from: '', to: '\xff\xff' };

function write(state: StateStore, slotOut: number, facts?: CutFacts): Promise<void> {
  const cut = state.cut(slotOut, facts);
  return new Promise((resolve, reject) => {
    cut.write((error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Looks at all of it, as it happens in the background. */
function scrubAll(state: StateStore): void {
  for (let slice = 0; slice < 30; slice++) state.scrub();
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
/** A client's id, as the duplicate filter has it. */
const client = (number: number): string =>
  Buffer.from([number * 7, number, ...Array.from({ length: 14 }, () => 1)]).toString('latin1');

describe.each([
  ['LMDB', lmdbPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: StatePlace;
  let state: StateStore;
  beforeEach(async () => {
    place = makePlace();
    state = place.open(proven);
    for (let i = 0; i < 300; i++) state.tables.put('t', `key ${i}`, bytes(`value ${i}`));
    for (let i = 0; i < 40; i++) state.tables.put('sessions', client(i), bytes(`session ${i}`));
    state.tables.put('u', 'only', bytes('one'));
    await write(state, 1, { logEnd: 5 });
  });
  afterEach(async () => {
    await state.close();
    place.clean();
  });

  async function reopen(): Promise<void> {
    await state.close();
    state = place.open({ ...proven, mustExist: true });
  }

  /** Changes what is stored, and opens it again. */
  async function tamper(change: Parameters<StatePlace['tamper']>[0]): Promise<void> {
    await state.close();
    await place.tamper(change);
    state = place.open({ ...proven, mustExist: true });
  }

  /**
   * Changes entries of tables. LMDB's file is read as a whole when it is opened, and that is found
   * then; of memory, the scrub has all to find.
   * @returns whether it was found
   */
  async function foundAtOnce(change: Parameters<StatePlace['tamper']>[0]): Promise<boolean> {
    if (makePlace === memoryPlace) {
      await tamper(change);
      return false;
    }
    await state.close();
    await place.tamper(change);
    expect(() => place.open(proven)).toThrow(/state\.mdb is damaged at the tables: /);
    await place.tamper((raw) => [...raw.range(ALL)].map(([key]) => [key, undefined]));
    state = place.open(proven);
    return true;
  }

  test('nothing is found where nothing is wrong, whatever is written meanwhile', async () => {
    for (let slot = 2; slot < 40; slot++) {
      for (let i = 0; i < 20; i++) {
        const key = `key ${(slot * 31 + i * 17) % 400}`;
        if ((slot + i) % 3 === 0) state.tables.delete('t', key);
        else state.tables.put('t', key, bytes(`${slot}`));
        state.tables.put('sessions', client((slot + i) % 60), bytes(`${slot}`));
      }
      state.scrub();
      await write(state, slot);
      state.scrub();
      expect(state.tables.get('sessions', client(slot % 60))).toBeDefined();
      expect(state.tables.get('sessions', client(61))).toBeUndefined();
    }
    scrubAll(state);
    await reopen();
    scrubAll(state);
    expect(state.facts).toMatchObject({ slotOut: 39, origin: 'own', logEnd: 5 });
  });

  test("another cluster's state, or another member's, is refused", async () => {
    await state.close();
    expect(() => place.open({ ...proven, clusterId: 'local/other' })).toThrow(ForeignDataError);
    expect(() => place.open({ ...proven, memberId: 'b' })).toThrow(ForeignDataError);
    state = place.open(proven);
  });

  test('a changed value is found when it is read', async () => {
    await tamper((raw) => {
      const changed = Buffer.from(raw.get('t\0key 7') ?? '');
      changed[changed.length - 1] = 0x21;
      return [['t\0key 7', changed]];
    });
    expect(() => state.tables.get('t', 'key 7')).toThrow(/its checksum does not match/);
    expect(state.tables.get('t', 'key 8')).toEqual(bytes('value 8'));
  });

  test('a key that is gone is found by the scrub, which names its table', async () => {
    if (await foundAtOnce(() => [['t\0key 7', undefined]])) return;
    expect(() => scrubAll(state)).toThrow(/state\.mdb is damaged at table t: it has 299 entries/);
  });

  test('so are the only key of a table, and the last one of all', async () => {
    if (await foundAtOnce(() => [['u\0only', undefined]])) return;
    expect(() => scrubAll(state)).toThrow(/at table u/);
  });

  test('a key that does not belong there is found', async () => {
    if (await foundAtOnce((raw) => [['u\0foreign', raw.get('u\0only')]])) return;
    expect(() => scrubAll(state)).toThrow(DamageError);
  });

  test('a value that is older than what was written last is found', async () => {
    let old: Uint8Array | undefined;
    await tamper((raw) => {
      old = Buffer.from(raw.get('t\0key 7') ?? '');
      return [];
    });
    state.tables.put('t', 'key 7', bytes('newer'));
    await write(state, 2);
    if (await foundAtOnce(() => [['t\0key 7', old]])) return;
    expect(() => scrubAll(state)).toThrow(/at table t: it has 300 entries/);
  });

  test('a key that vanished before it is written again is found by the next scrub', async () => {
    if (await foundAtOnce(() => [['t\0key 7', undefined]])) return;
    state.tables.put('t', 'key 7', bytes('again'));
    await write(state, 2);
    expect(() => scrubAll(state)).toThrow(/at table t/);
  });

  test.each([
    ['is gone', `sessions\0${client(7)}`],
    ['lost its digest', `\0range\0sessions\0${client(7).slice(0, 2)}`],
  ])('a session that %s is found at once, and never taken for a new client', async (_w, key) => {
    if (key.startsWith('\0')) await tamper(() => [[key, undefined]]);
    else if (await foundAtOnce(() => [[key, undefined]])) return;
    expect(() => state.tables.get('sessions', client(7))).toThrow(DamageError);
    expect(state.tables.get('sessions', client(8))).toBeDefined();
  });

  test('an older session is found at once: its commands would run again', async () => {
    let old: Uint8Array | undefined;
    await tamper((raw) => {
      old = Buffer.from(raw.get(`sessions\0${client(7)}`) ?? '');
      return [];
    });
    state.tables.put('sessions', client(7), bytes('with more replies'));
    await write(state, 2);
    if (await foundAtOnce(() => [[`sessions\0${client(7)}`, old]])) return;
    expect(() => state.tables.get('sessions', client(7))).toThrow(DamageError);
  });

  test('ranges of sessions that went have no digest any more', async () => {
    for (let i = 0; i < 40; i++) state.tables.delete('sessions', client(i));
    await write(state, 2);
    let left = -1;
    await tamper((raw) => {
      left = [...raw.range(RANGES)].length;
      return [];
    });
    expect(left).toBe(0);
    expect(state.tables.get('sessions', client(7))).toBeUndefined();
  });

  test('facts that are gone are damage, never an empty state', async () => {
    await state.close();
    await place.tamper(() => [[FACTS, undefined]]);
    expect(() => place.open(proven)).toThrow(/at the facts: they are missing/);
    await place.tamper((raw) => [...raw.range(ALL)].map(([key]) => [key, undefined]));
    expect(() => place.open({ ...proven, mustExist: true })).toThrow(DamageError);
    state = place.open(proven); // A process that ended while it made the file leaves that.
  });

  test('facts that become older while it is open are found by the scrub', async () => {
    let old: Uint8Array | undefined;
    await tamper((raw) => {
      old = Buffer.from(raw.get(FACTS) ?? '');
      return [];
    });
    await write(state, 2);
    if (makePlace === lmdbPlace) return; // Nothing else writes to a file that LMDB has open.
    await place.tamper(() => [[FACTS, old]]);
    expect(() => scrubAll(state)).toThrow(/at the facts: they are those of slot 1/);
  });

  test('what a cut says is there when it is opened again; what it leaves out stays', async () => {
    const configurations = [{ number: 1, from: 9, voters: ['a'], learners: ['b'], window: 4 }];
    const heard = { b: { incarnation: { count: 3, random: 9 }, sequence: 77 } };
    const history = { slot: 2, from: 0, hash: 0xfedc_ba98_7654_3210n };
    await write(state, 2, { configurations, heard, history, logEnd: 8 });
    await write(state, 3, { logEnd: 9 });
    await reopen();
    const facts = { slotOut: 3, configurations, heard, history, logEnd: 9, origin: 'own' };
    expect(state.facts).toMatchObject(facts);
  });

  test('hashes of the history are found at each slot, and after a restart', async () => {
    await write(state, 4, { passed: { first: 2, hashes: [22n, 33n, 44n] } });
    await write(state, 6, { passed: { first: 5, hashes: [55n, 2n ** 64n - 1n] } });
    await reopen();
    const found = [0, 1, 2, 3, 4, 5, 6, 7].map((slot) => state.historyAt(slot));
    const max = 2n ** 64n - 1n;
    expect(found).toEqual([undefined, undefined, 22n, 33n, 44n, 55n, max, undefined]);
  });

  test('no more hashes are kept than a member may need, however many cuts there are', async () => {
    const many = Array.from({ length: 50_000 }, () => 1n);
    for (let cut = 0; cut < 6; cut++) {
      await write(state, 50_000 * cut + 2, { passed: { first: 50_000 * cut + 1, hashes: many } });
    }
    let kept = 0;
    await tamper((raw) => {
      kept = [...raw.range({ from: '\0history', to: '\0historz' })].length;
      return [];
    });
    expect(kept).toBe(4);
    expect(state.historyAt(300_000)).toBe(1n);
    expect(state.historyAt(1)).toBeUndefined();
  });

  test('a snapshot of a state that lacks something ends in damage, not in a state', async () => {
    if (await foundAtOnce(() => [['t\0key 7', undefined]])) return;
    const snapshot = state.snapshot();
    expect(() => {
      for (let next = snapshot.entries.next(); next.done !== true;) next = snapshot.entries.next();
    }).toThrow(/at table t/);
    snapshot.close();
  });

  test('what was gathered is held against the facts: more, less and other entries do not pass', () => {
    const { facts } = state;
    const snapshot = state.snapshot();
    const entries: Entry[] = [];
    for (let next = snapshot.entries.next(); next.done !== true; next = snapshot.entries.next()) {
      const [key, value] = next.value;
      entries.push([key, value && Buffer.from(value)]);
    }
    snapshot.close();
    const isAllOf = (given: typeof entries): boolean => {
      const staging = state.stage();
      staging.write(given, () => undefined);
      const isWhole = staging.isAllOf(facts);
      staging.discard();
      return isWhole;
    };
    expect(isAllOf(entries)).toBe(true);
    expect(isAllOf(entries.slice(1))).toBe(false);
    expect(isAllOf([...entries, ['u\0more', bytes('x')]])).toBe(false);
    const [[key] = [''], ...rest] = entries;
    expect(isAllOf([[key, bytes('other')], ...rest])).toBe(false);
  });
});
