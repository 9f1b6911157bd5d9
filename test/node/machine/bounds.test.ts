import { encodeCommand } from '../../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
  type CounterOperation,
} from '../../../machines/src/counter/operations.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { Quota } from '../../../node/src/service/quota.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { lmdbPlace } from '../storage/state-places.ts';

/* What the machine's rules bound: the state's size, for good, and the results of a command. */

const ALICE = 'a1'.repeat(16);
const ADD: CounterOperation = { type: 'add', register: 'r', delta: 1 };
const READ: CounterOperation = { type: 'read', register: 'r' };
const EXCEEDED: Outcome = { ok: false, code: 'QUOTA_EXCEEDED' };

let disk: MemoryStateDisk;
let state: StateStore;
let applier: Applier;
beforeEach(() => {
  disk = new MemoryStateDisk();
  start();
});

function start(): void {
  const file = new MemoryFile(disk, (run) => run());
  state = openMemoryState(file, { clusterId: 'local/test', memberId: 'a' });
  applier = new Applier(counterMachine, state.tables, state.facts);
}

function cut(slotOut: number): void {
  applier.save();
  const { isReadOnly } = applier;
  state.cut(slotOut, { isReadOnly }).write((error) => expect(error).toBeUndefined());
}

function apply(slot: number, number: number, ...asked: CounterOperation[]): Outcome | undefined {
  const operations = asked.map(encodeCounterOperation);
  const command = encodeCommand({ client: ALICE, number, lowest: 1, operations });
  return applier.apply(slot, [command])[0]?.outcome;
}

function register(): number | undefined {
  return parseCounterResult(applier.query(encodeCounterOperation(READ)))?.value;
}

test('what makes the state larger is refused, and whatever else is asked for runs', () => {
  apply(1, 1, ADD);
  applier.isReadOnly = true;
  expect(apply(2, 2, ADD)).toEqual(EXCEEDED);
  expect(apply(3, 3, READ)).toMatchObject({ ok: true, slot: 3 });
  expect(apply(4, 1, ADD)).toMatchObject({ ok: true, slot: 1 }); // It has run.
  expect(register()).toBe(1);
});

test('a command runs whole or not at all', () => {
  applier.isReadOnly = true;
  expect(apply(1, 1, READ, ADD)).toEqual(EXCEEDED);
  expect(register()).toBe(0);
});

test('what was refused never runs, however late a copy comes, and when there is room again', () => {
  applier.isReadOnly = true;
  apply(1, 1, ADD);
  applier.isReadOnly = false;
  expect(apply(2, 1, ADD)).toEqual(EXCEEDED);
  expect(apply(3, 2, ADD)).toMatchObject({ ok: true });
  expect(register()).toBe(1);
});

test('of a command of which a part has run, no more runs', () => {
  apply(1, 1, ADD);
  applier.isReadOnly = true;
  expect(apply(2, 1, ADD, ADD)).toEqual(EXCEEDED);
  expect(apply(3, 1, ADD)).toMatchObject({ ok: true, slot: 1 });
  expect(register()).toBe(1);
});

test('that it is refused, and what was, is in the state', () => {
  applier.isReadOnly = true;
  apply(1, 1, ADD);
  const hash = applier.stateHash();
  cut(2);
  start();
  expect(applier.isReadOnly).toBe(true);
  expect(applier.stateHash()).toBe(hash);
  expect(apply(2, 2, ADD)).toEqual(EXCEEDED);
  applier.isReadOnly = false;
  expect(apply(3, 1, ADD)).toEqual(EXCEEDED);
  cut(4);
  start();
  expect(applier.isReadOnly).toBe(false);
});

test('a command with many reads is refused: each may be a page, and all members make them', () => {
  const many = (count: number): CounterOperation[] => Array.from({ length: count }, () => READ);
  expect(apply(1, 1, ...many(65), ADD)).toMatchObject({ ok: true }); // As it always was.
  applier.version = counterMachine.boundsSince;
  expect(apply(2, 100, ...many(65), ADD)).toEqual({ ok: false, code: 'TOO_LARGE' });
  expect(apply(3, 200, ...many(64), ADD)).toMatchObject({ ok: true });
  expect(register()).toBe(2);
});

test('the rules count from the version on that has them', () => {
  expect(applier.hasBounds).toBe(false);
  applier.version = counterMachine.boundsSince;
  expect(applier.hasBounds).toBe(true);
});

test('sessions alone reach a quota: more are opened then, and as they end there is room again', async () => {
  const place = lmdbPlace();
  const store = place.open();
  try {
    const own = new Applier(counterMachine, store.tables, store.facts);
    own.version = counterMachine.boundsSince;
    const MINE = { round: 1, leader: 'a' };
    const decided: boolean[] = [];
    const quota = new Quota(
      {
        bytes: () => 256 * 1024,
        usedBytes: () => store.usedBytes,
        isReached: () => own.isReadOnly,
        isRule: () => own.hasBounds,
        decide: (isReached) => {
          decided.push(isReached);
          own.isReadOnly = isReached;
          quota.applied();
        },
      },
      100,
    );
    const flush = (slot: number): Promise<void> => {
      own.save();
      const written = store.cut(slot, { isReadOnly: own.isReadOnly });
      return new Promise((resolve) => written.write(() => resolve()));
    };
    let slot = 0;
    const clients: string[] = [];
    const open = (): Outcome | undefined => {
      const client = (clients.length + 1).toString(16).padStart(32, '0');
      clients.push(client);
      const session = { type: 'open', ttlMs: 60_000 } as const;
      const command = encodeCommand({ client, number: 1, lowest: 1, operations: [], session });
      return own.apply((slot += 1), [command])[0]?.outcome;
    };
    while (!own.isReadOnly && clients.length < 20_000) {
      for (let i = 0; i < 500; i += 1) expect(open()).toMatchObject({ ok: true });
      await flush(slot);
      quota.tick(MINE);
    }
    expect(decided).toEqual([true]);
    expect(quota.alarms[0]?.sentence).toContain('Sessions of clients count, too');
    expect(open()).toMatchObject({ ok: true });

    own.expire(clients.map((client, i) => ({ client, touched: i + 1 })));
    await flush((slot += 1));
    quota.tick(MINE);
    expect(decided).toEqual([true, false]);
    expect(quota.alarms).toEqual([]);
  } finally {
    await store.close();
    place.clean();
  }
});
