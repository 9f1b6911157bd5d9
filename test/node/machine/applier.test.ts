import { encodeCommand, MAX_UNANSWERED } from '../../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
  type CounterResult,
} from '../../../machines/src/counter/operations.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { Applier, type AppliedCommand } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import type { CachedSessions } from '../../../node/src/machine/sessions.ts';
import type { StateMachine } from '../../../machines/src/port/state-machine.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

const ids = { clusterId: 'local/test', memberId: 'a' };
const ALICE = 'a1'.repeat(16);
const BOB = 'b2'.repeat(16);

/** An applier over a disk: `restart` makes another one of what the last cut holds. */
class Place {
  readonly #disk = new MemoryStateDisk();
  readonly #cached: CachedSessions | undefined;
  #state!: StateStore;
  applier!: Applier;

  constructor(cached?: CachedSessions) {
    this.#cached = cached;
    this.restart();
  }

  restart(): void {
    this.#state = openMemoryState(new MemoryFile(this.#disk, (run) => run()), ids);
    this.applier = new Applier(counterMachine, this.#state.tables, {}, this.#cached);
  }

  /** What is applied goes to the disk: every slot below `slotOut`. */
  cut(slotOut: number): void {
    this.applier.save();
    this.#state.cut(slotOut).write((error) => expect(error).toBeUndefined());
  }

  get slotOut(): number {
    return this.#state.flushedSlotOut;
  }

  /** Applies one command alone in a slot. */
  apply(slot: number, command: Uint8Array): AppliedCommand {
    const [applied] = this.applier.apply(slot, [command]);
    if (applied === undefined) throw new Error('a command without an outcome');
    return applied;
  }

  /** The register, read past the filter. */
  get register(): CounterResult | undefined {
    const read = encodeCounterOperation({ type: 'read', register: 'r' });
    return parseCounterResult(this.applier.query(read));
  }
}

/** Adds 1 to register `r`, `count` times. */
function add(client: string, number: number, lowest = 1, count = 1): Uint8Array {
  const one = encodeCounterOperation({ type: 'add', register: 'r', delta: 1 });
  const operations = Array.from({ length: count }, () => one);
  return encodeCommand({ client, number, lowest, operations });
}

/** The value in each result. */
function values({ outcome }: AppliedCommand): (number | undefined)[] {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.results.map((result) => parseCounterResult(result)?.value);
}

let place: Place;
beforeEach(() => {
  place = new Place();
});

test('a batch runs in its order, and each command has its outcome', () => {
  const applied = place.applier.apply(3, [add(ALICE, 1), add(BOB, 1), add(ALICE, 2, 1, 3)]);
  expect(applied.map(values)).toEqual([[1], [2], [3, 4, 5]]);
  expect(applied.map(({ duplicate }) => duplicate)).toEqual([false, false, false]);
  expect(applied.map(({ outcome }) => outcome.ok && outcome.slot)).toEqual([3, 3, 3]);
  expect(place.applier.operationsApplied).toBe(5);
});

test('a no-op, a slot without commands, changes nothing', () => {
  const before = place.applier.stateHash();
  expect(place.applier.apply(0, [])).toEqual([]);
  expect(place.applier.stateHash()).toBe(before);
});

test('R2: a command that is decided twice runs once, and both have the first answer', () => {
  expect(values(place.apply(0, add(ALICE, 1)))).toEqual([1]);
  place.apply(1, add(BOB, 1));
  const again = place.apply(2, add(ALICE, 1));
  expect(values(again)).toEqual([1]);
  expect(again).toMatchObject({ duplicate: true, outcome: { slot: 0 } });
  expect(place.register).toEqual({ value: 2, position: 1 });
});

test('twice in one batch runs once, too', () => {
  const applied = place.applier.apply(0, [add(ALICE, 1), add(ALICE, 1)]);
  expect(applied.map(values)).toEqual([[1], [1]]);
  expect(place.register?.value).toBe(1);
});

test('the same numbers of another client are other commands', () => {
  place.apply(0, add(ALICE, 1));
  expect(values(place.apply(1, add(BOB, 1)))).toEqual([2]);
});

test('of a command of which a part has run, the rest runs', () => {
  place.apply(0, add(ALICE, 2));
  const whole = place.apply(1, add(ALICE, 1, 1, 3));
  expect(values(whole)).toEqual([2, 1, 3]);
  expect(whole.duplicate).toBe(false);
  expect(place.register?.value).toBe(3);
});

test('commands that overtook one another all run', () => {
  for (const number of [3, 1, 2]) place.apply(number, add(ALICE, number));
  expect(place.register?.value).toBe(3);
});

test('below the lowest unanswered number nothing runs any more', () => {
  place.apply(0, add(ALICE, 5, 5));
  const late = place.apply(1, add(ALICE, 4, 4));
  expect(late.outcome).toEqual({ ok: false, code: 'ALREADY_ANSWERED' });
  expect(place.register?.value).toBe(1);
});

test('a lowest number that goes back is not believed', () => {
  place.apply(0, add(ALICE, 5, 5));
  place.apply(1, add(ALICE, 6, 2));
  expect(place.apply(2, add(ALICE, 3, 1)).outcome).toMatchObject({ code: 'ALREADY_ANSWERED' });
});

test('a client with too much unanswered is refused whole, and may try again', () => {
  place.apply(0, add(ALICE, 1, 1, MAX_UNANSWERED));
  const next = MAX_UNANSWERED + 1;
  const refused = place.apply(1, add(ALICE, next));
  expect(refused.outcome).toEqual({ ok: false, code: 'TOO_MANY_IN_FLIGHT' });
  expect(place.register?.value).toBe(MAX_UNANSWERED);
  // A retry of what has run is answered all the same.
  expect(values(place.apply(2, add(ALICE, 1)))).toEqual([1]);
  expect(values(place.apply(3, add(ALICE, next, 2)))).toEqual([next]);
});

test('bytes that are no command are refused, and the next command runs', () => {
  const applied = place.applier.apply(0, [Buffer.from('no command'), add(ALICE, 1)]);
  expect(applied[0]).toEqual({
    command: undefined,
    outcome: { ok: false, code: 'MALFORMED' },
    duplicate: false,
  });
  expect(applied[1] && values(applied[1])).toEqual([1]);
});

test('an operation that the machine does not know has a result, and is filtered like all others', () => {
  const operations = [Buffer.from([9])];
  const unknown = encodeCommand({ client: ALICE, number: 1, lowest: 1, operations });
  const first = place.apply(0, unknown);
  expect(first.outcome.ok && first.outcome.results).toEqual([new Uint8Array(0)]);
  expect(place.apply(1, unknown).duplicate).toBe(true);
});

test('after a restart the filter knows what the state knows: both are of one transaction', () => {
  place.apply(0, add(ALICE, 1));
  place.cut(1);
  place.apply(1, add(ALICE, 2));
  place.restart();
  // Slot 1 is in no cut: it is applied again, from the log.
  expect(place.slotOut).toBe(1);
  expect(place.register?.value).toBe(1);
  expect(values(place.apply(1, add(ALICE, 2)))).toEqual([2]);
  expect(place.apply(2, add(ALICE, 1)).duplicate).toBe(true);
  expect(place.register?.value).toBe(2);
});

test('sessions that are no longer in memory filter all the same', () => {
  place = new Place({ count: 2, bytes: 1 << 20 });
  const clients = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(32, '0'));
  for (const [slot, client] of clients.entries()) {
    place.apply(slot, add(client, 1));
    place.cut(slot + 1);
  }
  for (const [i, client] of clients.entries()) {
    expect(place.apply(20 + i, add(client, 1)).duplicate).toBe(true);
  }
  expect(place.register?.value).toBe(20);
});

test('lookup answers only what has run whole', () => {
  const lookup = (number: number, count: number): Outcome | undefined =>
    place.applier.lookup({ client: ALICE, number, lowest: 1, count });
  expect(lookup(1, 1)).toBeUndefined();
  place.apply(4, add(ALICE, 3, 3, 2));
  expect(lookup(3, 2)).toMatchObject({ ok: true, slot: 4 });
  expect(lookup(3, 3)).toBeUndefined();
  expect(lookup(2, 1)).toEqual({ ok: false, code: 'ALREADY_ANSWERED' });
});

test('R1: the hash is of what was applied, not of when it was cut or restarted', () => {
  const other = new Place();
  for (let slot = 0; slot < 10; slot++) {
    for (const each of [place, other]) each.apply(slot, add(slot % 2 ? ALICE : BOB, slot + 1));
    if (slot % 3 === 0) place.cut(slot + 1);
    if (slot === 6) place.restart();
  }
  expect(place.applier.stateHash()).toBe(other.applier.stateHash());
  other.apply(10, add(ALICE, 11));
  expect(place.applier.stateHash()).not.toBe(other.applier.stateHash());
});

test('a version is in force from the next slot on, and each command is told which', () => {
  const seen: string[] = [];
  const telling: StateMachine = {
    ...counterMachine,
    version: 2,
    apply(tables, operation, { slot, version }) {
      seen.push(`${slot}: ${version}`);
      return counterMachine.apply(tables, operation, { slot, version });
    },
  };
  const { tables } = openMemoryState(new MemoryFile(new MemoryStateDisk(), (run) => run()), ids);
  const applier = new Applier(telling, tables, {});
  applier.apply(0, [add(ALICE, 1), add(BOB, 1)]);
  applier.version = 2;
  applier.apply(1, [add(ALICE, 2)]);
  expect(seen).toEqual(['0: 1', '0: 1', '1: 2']);
});

test('unsavedBytes are those of the sessions that a cut will write, with their replies', () => {
  const place = new Place();
  const { applier } = place;
  expect(applier.unsavedBytes).toBe(0);
  place.apply(0, add(ALICE, 1));
  const one = applier.unsavedBytes;
  expect(one).toBeGreaterThan(0);
  place.apply(1, add(ALICE, 2, 1, 50));
  const many = applier.unsavedBytes;
  expect(many).toBeGreaterThan(50 * (one / 4));
  place.apply(2, add(BOB, 1));
  expect(applier.unsavedBytes).toBe(many + one);
  // What a client has the answers of is kept no longer.
  place.apply(3, add(ALICE, 52, 52));
  expect(applier.unsavedBytes).toBe(2 * one);
  place.cut(4);
  expect(applier.unsavedBytes).toBe(0);
  place.apply(4, add(BOB, 2, 2));
  expect(applier.unsavedBytes).toBe(one);
});
