import { encodeCommand, type SessionUse } from '../../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../../machines/src/counter/operations.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { MAX_SESSIONS, Sessions } from '../../../node/src/machine/sessions.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { Tables } from '../../../machines/src/port/tables.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

/* Sessions as the log opens, uses and ends them: ARCHITECTURE.md, "Sessions". */

const ALICE = 'a1'.repeat(16);
const BOB = 'b2'.repeat(16);
const TTL_MS = 1_000;

let state: StateStore;
let applier: Applier;
beforeEach(() => {
  const file = new MemoryFile(new MemoryStateDisk(), (run) => run());
  state = openMemoryState(file, { clusterId: 'local/test', memberId: 'a' });
  applier = new Applier(counterMachine, state.tables, {});
});

function apply(slot: number, client: string, session: SessionUse, number = 1): Outcome {
  const add = encodeCounterOperation({ type: 'add', register: 'r', delta: 1 });
  const operations = session.type === 'in' ? [add] : [];
  const command = encodeCommand({ client, number, lowest: 1, operations, session });
  const [applied] = applier.apply(slot, [command]);
  if (applied === undefined) throw new Error('a command without an outcome');
  return applied.outcome;
}

const open = (slot: number, client: string): Outcome =>
  apply(slot, client, { type: 'open', ttlMs: TTL_MS });
const add = (slot: number, client: string, id: number, number = 1): Outcome =>
  apply(slot, client, { type: 'in', id }, number);
const EXPIRED: Outcome = { ok: false, code: 'SESSION_EXPIRED' };

function register(): number | undefined {
  const read = encodeCounterOperation({ type: 'read', register: 'r' });
  return parseCounterResult(applier.query(read))?.value;
}

test('a session is the slot in which it was opened, also when it is opened again', () => {
  expect(open(5, ALICE)).toEqual({ ok: true, slot: 5, results: [] });
  expect(open(6, ALICE)).toEqual({ ok: true, slot: 5, results: [] });
  expect(add(7, ALICE, 5)).toMatchObject({ ok: true, slot: 7 });
  expect(add(8, ALICE, 5)).toMatchObject({ ok: true, slot: 7 }); // It has run.
  expect(register()).toBe(1);
});

test('no command runs in a session that is not there', () => {
  expect(add(4, ALICE, 4)).toEqual(EXPIRED);
  open(5, ALICE);
  expect(add(6, ALICE, 4)).toEqual(EXPIRED);
  expect(add(7, BOB, 5)).toEqual(EXPIRED);
  expect(register()).toBe(0);
});

test('a session that was silent ends, and runs nothing a second time, however late it comes', () => {
  open(5, ALICE);
  add(6, ALICE, 5);
  expect(applier.expire([{ client: ALICE, touched: 6 }])).toBe(1);
  expect(applier.sessions.count).toBe(0);
  expect(add(7, ALICE, 5)).toEqual(EXPIRED);
  // A late copy of what opened it opens another one: the first command is not of that.
  expect(open(8, ALICE)).toMatchObject({ slot: 8 });
  expect(add(9, ALICE, 5)).toEqual(EXPIRED);
  expect(register()).toBe(1);
});

test('a session that had a command since does not end', () => {
  open(5, ALICE);
  add(6, ALICE, 5);
  expect(applier.expire([{ client: ALICE, touched: 5 }])).toBe(0);
  expect(applier.expire([{ client: BOB, touched: 5 }])).toBe(0);
  expect(add(7, ALICE, 5, 2)).toMatchObject({ ok: true });
});

test('a session that is opened again had a command', () => {
  open(5, ALICE);
  open(9, ALICE);
  expect(applier.expire([{ client: ALICE, touched: 5 }])).toBe(0);
});

test('a duplicate, too, shows that the client is there', () => {
  open(5, ALICE);
  add(6, ALICE, 5);
  add(7, ALICE, 5);
  expect(applier.expire([{ client: ALICE, touched: 6 }])).toBe(0);
});

test('a session that is closed leaves nothing', () => {
  const before = applier.stateHash();
  open(5, ALICE);
  applier.save();
  expect(apply(6, ALICE, { type: 'close', id: 4 })).toMatchObject({ ok: true }); // Another one.
  expect(applier.sessions.count).toBe(1);
  expect(apply(7, ALICE, { type: 'close', id: 5 })).toMatchObject({ ok: true });
  expect(applier.sessions).toMatchObject({ count: 0, bytes: 0 });
  expect(applier.stateHash()).toBe(before);
});

test('the lives of sessions are in the state, and are known before it is written', () => {
  open(5, ALICE);
  open(6, BOB);
  applier.save();
  add(7, ALICE, 5);
  const lives = [
    [ALICE, { opened: 5, touched: 7, ttlMs: TTL_MS }],
    [BOB, { opened: 6, touched: 6, ttlMs: TTL_MS }],
  ];
  expect([...applier.sessions.behind(undefined, 10)]).toEqual(lives);
  expect([...applier.sessions.behind(ALICE, 10)]).toEqual(lives.slice(1));
  const { count, bytes } = applier.sessions;
  applier.save();
  applier = new Applier(counterMachine, state.tables, {});
  expect([...applier.sessions.behind(undefined, 10)]).toEqual(lives);
  expect(applier.sessions).toMatchObject({ count, bytes });
  expect(add(8, ALICE, 5)).toMatchObject({ ok: true, slot: 7 });
});

test('a client that has no sessions has one that does not end', () => {
  const operations = [encodeCounterOperation({ type: 'add', register: 'r', delta: 1 })];
  applier.apply(3, [encodeCommand({ client: ALICE, number: 1, lowest: 1, operations })]);
  applier.save();
  expect([...applier.sessions.behind(undefined, 10)]).toEqual([[ALICE, undefined]]);
  expect(open(4, ALICE)).toEqual(EXPIRED);
  expect(applier.sessions).toMatchObject({ count: 0, bytes: 0 }); // It takes nobody's place.
  expect(add(5, ALICE, 0, 2)).toEqual(EXPIRED);
  expect(register()).toBe(1);
});

test('there are so many sessions at most', () => {
  const sessions = new Sessions(state.tables);
  for (let i = 0; i < MAX_SESSIONS - 1; i++) {
    sessions.open(i.toString(16).padStart(32, '0'), { opened: 1, touched: 1, ttlMs: TTL_MS });
  }
  sessions.save();
  applier = new Applier(counterMachine, state.tables, {});
  expect(open(5, ALICE)).toMatchObject({ ok: true });
  expect(open(6, BOB)).toEqual({ ok: false, code: 'SESSIONS_FULL' });
  expect(open(7, ALICE)).toMatchObject({ ok: true, slot: 5 });
});

test('of large sessions one is read at a time, and no other one for nothing', () => {
  const sessions = new Sessions(state.tables);
  for (const [i, client] of [ALICE, BOB, 'c3'.repeat(16)].entries()) {
    const session = sessions.open(client, { opened: i, touched: i, ttlMs: TTL_MS });
    session.store(1, i, [Buffer.alloc(64 * 1024)]);
    sessions.changed(client, session, 0);
  }
  sessions.save();
  let read = 0;
  const counted: Tables = Object.assign(Object.create(state.tables) as Tables, {
    *range(...args: Parameters<Tables['range']>) {
      for (const entry of state.tables.range(...args)) {
        read += 1;
        yield entry;
      }
    },
  });
  const later = new Sessions(counted);
  read = 0;
  expect([...later.behind(undefined, 10)].map(([client]) => client)).toEqual([ALICE]);
  expect([...later.behind(ALICE, 10)].map(([client]) => client)).toEqual([BOB]);
  expect(read).toBe(2);
});
