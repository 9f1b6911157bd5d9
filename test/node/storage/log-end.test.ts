import fs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import { BLOCK_BYTES } from '../../../node/src/storage/block.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { formatLog, logFolderOf } from '../../../node/src/storage/member-log.ts';
import { openMemberStorage, type MemberStorage } from '../../../node/src/storage/member-storage.ts';
import { SUPERBLOCK } from '../../../node/src/storage/superblock.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import {
  append,
  diskPlace,
  memoryPlace,
  open,
  snapshot,
  stateAt,
  type LogPlace,
} from './log-places.ts';

/*
 * The end of a log is known from two places: what is cut off with one of them is missed by the
 * other. Each of these opened, once, and the member promised again what it had promised otherwise.
 */

const FIRST = '00000001.log';

/** A member that had promised 9.c and accepted slot 5, each in a batch of its own. */
const promises: LogRecord[] = [
  { type: 'ballot', ballot: ballot('9.c') },
  { type: 'accepted', ...pvalue('9.c', 5, 'x') },
];

function refuses(place: LogPlace, message: RegExp, options = {}): void {
  const before = snapshot(place);
  expect(() => open(place, options)).toThrow(message);
  expect(() => open(place, options)).toThrow(DamageError);
  expect(snapshot(place)).toEqual(before);
}

describe.each([
  ['disk', diskPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: LogPlace;
  beforeEach(async () => {
    place = makePlace();
    const { log } = open(place);
    for (const record of promises) await append(log, [record]);
    await log.close();
  });
  afterEach(() => place.clean());

  /** Fills more segments. @returns the name of the newest one */
  async function more(): Promise<string> {
    const { log } = open(place);
    for (let slot = 6; slot < 30; slot++) {
      await append(log, [{ type: 'accepted', ...pvalue('9.c', slot, 'x'.repeat(2_000)) }]);
    }
    await log.close();
    const newest = place.names().at(-1);
    expect(newest).not.toBe(FIRST);
    return newest ?? '';
  }

  test('what is whole opens, with the next incarnation each time', () => {
    const incarnations = [1, 2, 3].map(() => open(place).incarnation);
    const { count } = incarnations[0] ?? { count: 0 };
    expect(incarnations.map((each) => each.count - count)).toEqual([0, 1, 2]);
    expect(new Set(incarnations.map(({ random }) => random)).size).toBe(3);
    expect(open(place).recovered).toMatchObject({ ballot: ballot('9.c') });
  });

  test('A1: the newest segment is missing', async () => {
    const newest = await more();
    place.remove(newest);
    refuses(place, new RegExp(`${newest} is damaged at the file: it is missing`));
  });

  test('A1: the only segment is missing', () => {
    place.remove(FIRST);
    refuses(place, /00000001\.log is damaged at the file: it is missing/);
  });

  test('A1: the newest segment was emptied', async () => {
    const newest = await more();
    place.replace(newest, Buffer.alloc(0));
    refuses(place, new RegExp(`${newest} is damaged at the file: it is empty`));
    place.replace(newest, Buffer.alloc(16 * 1024));
    refuses(place, new RegExp(`${newest} is damaged at the file: it is empty`));
  });

  test('A2: the newest segment was cut short by blocks that were written, or were not', async () => {
    const newest = await more();
    const whole = place.bytes(newest);
    for (const bytes of [3 * BLOCK_BYTES, whole.length - BLOCK_BYTES, whole.length - 1]) {
      place.replace(newest, whole.subarray(0, bytes));
      refuses(place, new RegExp(`${newest} is damaged at its end: it has ${bytes} of its`));
    }
  });

  test('a segment is longer than it was made', async () => {
    const newest = await more();
    const whole = place.bytes(newest);
    const longer = Buffer.concat([whole, Buffer.alloc(100 * BLOCK_BYTES)]);
    place.replace(newest, longer);
    refuses(place, new RegExp(`${newest} is damaged at its end: it has ${longer.length} of its`));
  });

  test('A2: blocks at the end of the log were lost, and the state says that there were some', () => {
    const bytes = place.bytes(FIRST);
    place.replace(FIRST, bytes.fill(0, 2 * BLOCK_BYTES));
    // The last batch was accepted slot 5. A cut of the state came after it.
    refuses(
      place,
      /00000001\.log is damaged at block 2, the end of the log: 1 blocks are missing/,
      {
        state: stateAt(0, { logEnd: 3 }),
      },
    );
  });

  test('A2: blocks at its end were lost after it was closed', async () => {
    const { log } = open(place);
    await append(log, [{ type: 'floor', slot: 1 }]);
    log.seal();
    await log.close();
    place.replace(FIRST, place.bytes(FIRST).fill(0, 3 * BLOCK_BYTES));
    refuses(place, /the end of the log: 1 blocks are missing there, by superblock/);
  });

  test('R2: the own state is above the decided mark', () => {
    refuses(place, /state\.mdb has slot 6, and the log no mark of it/, {
      state: stateAt(7, { origin: 'own' }),
    });
    const { recovered } = open(place, { state: stateAt(7, { origin: 'taken' }) });
    expect(recovered.floor).toBe(7);
  });

  test('the state is older than the log says', async () => {
    const { log } = open(place);
    await append(log, [
      { type: 'decided-mark', slot: 7 },
      { type: 'flushed', slot: 7 },
    ]);
    await log.close();
    for (const state of [stateAt(6, { origin: 'own' }), stateAt(0)]) {
      refuses(place, /state\.mdb is damaged at the facts: it has the slots below/, { state });
    }
    // One that was set aside begins anew.
    expect(open(place, { state: stateAt(0, { origin: 'anew' }) }).recovered.decidedMark).toBe(7);
    expect(open(place, { state: stateAt(7, { origin: 'own' }) }).recovered.decidedMark).toBe(7);
  });

  test('the superblock is missing, changed, or older than its other half', () => {
    open(place);
    const whole = place.bytes(SUPERBLOCK);
    place.remove(SUPERBLOCK);
    expect(() => open(place)).toThrow(/superblock is damaged at the file: it is missing/);
    for (const at of [3, 100, 4096 + 40]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 4;
      place.replace(SUPERBLOCK, changed);
      refuses(place, /superblock is damaged at block \d: its checksum does not match/);
    }
    for (const at of [0, 4096]) {
      place.replace(SUPERBLOCK, Buffer.from(whole).fill(0, at, at + BLOCK_BYTES));
      refuses(place, /superblock is damaged/);
    }
    place.replace(SUPERBLOCK, whole.subarray(0, 4096));
    refuses(place, /superblock is damaged at block 0: it has 4096 bytes/);
    // A write that was lost, and one after it that was not.
    place.replace(SUPERBLOCK, whole);
    open(place);
    open(place);
    const later = place.bytes(SUPERBLOCK);
    const refused = [0, 4096].filter((half) => {
      const stale = Buffer.from(later);
      whole.copy(stale, half, half, half + BLOCK_BYTES);
      place.replace(SUPERBLOCK, stale);
      try {
        open(place);
        return false;
      } catch (error) {
        expect(String(error)).toMatch(/a write before number \d+ is missing/);
        return true;
      }
    });
    // That the very last write is missing, only others can tell.
    expect(refused).toHaveLength(1);
  });

  test('the two blocks of the superblock are exchanged, after any number of writes', () => {
    const fresh = makePlace();
    for (let starts = 0; starts < 4; starts++) {
      open(fresh);
      const whole = fresh.bytes(SUPERBLOCK);
      const exchanged = Buffer.from(whole);
      whole.copy(exchanged, 0, 4096, 4096 + BLOCK_BYTES);
      whole.copy(exchanged, 4096, 0, BLOCK_BYTES);
      fresh.replace(SUPERBLOCK, exchanged);
      refuses(
        fresh,
        /superblock is damaged at block \d: write number \d+ belongs in the other place/,
      );
      fresh.replace(SUPERBLOCK, whole);
    }
    fresh.clean();
  });
});

describe('log and state of a member on disk', () => {
  const ids = { clusterId: 'local/test', memberId: 'a' };
  const machine = { name: 'counter', version: 1 };
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'synod-end-'));
    formatLog(logFolderOf(folder), 'a');
    const storage = opened();
    await append(storage.opened.log, [...promises, { type: 'decided-mark', slot: 7 }]);
    await cut(storage, 7);
    await append(storage.opened.log, [{ type: 'flushed', slot: 7 }]);
    await storage.close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function opened(): MemberStorage {
    return openMemberStorage({
      folder: logFolderOf(folder),
      openState: (options) => openLmdbState({ folder, ...options }),
      ...ids,
      machine: { has: machine, first: machine },
      anew: false,
      heard: {},
      setAside: undefined,
    });
  }

  function cut({ state, opened: { log } }: MemberStorage, slotOut: number): Promise<void> {
    return new Promise((resolve, reject) => {
      state.cut(slotOut, { logEnd: log.end }).write((error) => (error ? reject(error) : resolve()));
    });
  }

  const inLog = (name: string): string => path.join(folder, 'log', name);

  test('all is there', async () => {
    await opened().close();
  });

  test('A1: the folder of the log is missing, and the state is there', () => {
    rmSync(path.join(folder, 'log'), { recursive: true });
    expect(opened).toThrow(/superblock is damaged at the file: it is missing/);
  });

  test('A1: the folder of the log was put back from an older copy of itself', async () => {
    const copy = path.join(folder, 'copy');
    fs.cpSync(path.join(folder, 'log'), copy, { recursive: true });
    const storage = opened();
    await append(storage.opened.log, [{ type: 'ballot', ballot: ballot('12.b') }]);
    await cut(storage, 7);
    await storage.close();
    rmSync(path.join(folder, 'log'), { recursive: true });
    fs.renameSync(copy, path.join(folder, 'log'));
    expect(opened).toThrow(/the end of the log: 1 blocks are missing there, by state\.mdb/);
  });

  test('the state is missing, empty, or put back from an older copy of itself', async () => {
    const state = path.join(folder, 'state.mdb');
    const before = fs.readFileSync(state);
    const storage = opened();
    await append(storage.opened.log, [{ type: 'decided-mark', slot: 9 }]);
    await cut(storage, 9);
    await append(storage.opened.log, [{ type: 'flushed', slot: 9 }]);
    await storage.close();
    fs.writeFileSync(state, before);
    expect(opened).toThrow(/state\.mdb is damaged at the facts: it has the slots below 7/);
    rmSync(state);
    expect(opened).toThrow(/state\.mdb is damaged at the file: it is missing/);
    fs.writeFileSync(state, '');
    expect(opened).toThrow(/state\.mdb is damaged at the facts: they are missing/);
  });

  test('the superblock of another member, and the segments of another one, are refused', () => {
    const other = path.join(folder, 'other');
    formatLog(logFolderOf(other), 'b');
    fs.copyFileSync(path.join(other, 'log', SUPERBLOCK), inLog(SUPERBLOCK));
    expect(opened).toThrow(/superblock belongs to member b, not to a/);
  });
});
