import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../../machines/src/counter/operations.ts';
import type { Consistency } from '../../../contract/src/read-request.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import type { StateMachine } from '../../../machines/src/port/state-machine.ts';
import { Metrics } from '../../../node/src/metrics/metrics.ts';
import { Reads } from '../../../node/src/service/reads.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';

const query = encodeCounterOperation({ type: 'read', register: 'r' });
const add = encodeCounterOperation({ type: 'add', register: 'r', delta: 1 });

/** Reads over an empty counter; the broker takes what it is given when `flush` is called. */
class Desk {
  now = 0;
  isStopped = false;
  came = 0;
  readonly failures: unknown[] = [];
  readonly reads: Reads;
  readonly answers: (Outcome | undefined)[] = [];
  #flushed: (() => void)[] = [];

  constructor(machine: StateMachine = counterMachine, queueBytes = 1 << 20) {
    const file = new MemoryFile(new MemoryStateDisk(), (run) => run());
    const state = openMemoryState(file, { clusterId: 'local/test', memberId: 'a' });
    const applier = new Applier(machine, state.tables, {});
    const metrics = new Metrics({ version: '0', cluster: 'c', member: 'a', process: false });
    this.reads = new Reads(
      {
        applier,
        metrics,
        now: () => this.now,
        transport: { maxFrameBytes: 65_536, flush: (done) => void this.#flushed.push(done) },
      },
      0,
      { queueBytes },
      {
        isStopped: () => this.isStopped,
        came: () => (this.came += 1),
        failed: (error) => this.failures.push(error),
      },
    );
  }

  ask(consistency: Consistency, operation = query): number {
    const at = this.answers.push(undefined) - 1;
    this.reads.submit({ number: 1, consistency, operations: [operation] }, (outcome) => {
      if (this.answers[at] !== undefined) throw new Error('answered twice');
      this.answers[at] = outcome;
    });
    return at;
  }

  codeOf(at: number): string | undefined {
    const outcome = this.answers[at];
    if (outcome === undefined) return undefined;
    return outcome.ok ? 'ok' : outcome.code;
  }

  get open(): number {
    return this.answers.filter((answer) => answer === undefined).length;
  }

  flush(): void {
    const flushed = this.#flushed;
    this.#flushed = [];
    for (const done of flushed) done();
  }
}

test('a linearizable read waits until it is readable; one that came later waits on', () => {
  const desk = new Desk();
  desk.ask('linearizable');
  expect(desk.reads.take()).toBe(1);
  desk.ask('linearizable');
  desk.reads.applied(3);
  desk.reads.readable(1);
  expect(desk.answers[0]).toMatchObject({ ok: true, slot: 2 });
  expect(desk.answers[1]).toBeUndefined();
  expect(desk.reads.take()).toBe(2);
  expect(desk.reads.take()).toBeUndefined();
});

test('a local read is answered at once; one of a slot, when that slot is applied', () => {
  const desk = new Desk();
  desk.reads.applied(5);
  expect(desk.codeOf(desk.ask('local'))).toBe('ok');
  expect(desk.codeOf(desk.ask({ atLeast: 4 }))).toBe('ok');
  const later = desk.ask({ atLeast: 5 });
  desk.reads.applied(5);
  expect(desk.codeOf(later)).toBeUndefined();
  desk.reads.applied(6);
  expect(desk.answers[later]).toMatchObject({ ok: true, slot: 5 });
  expect(desk.came).toBe(0);
});

test('what changes something is no read', () => {
  const desk = new Desk();
  expect(desk.codeOf(desk.ask('local', add))).toBe('NOT_ALLOWED');
  expect(desk.codeOf(desk.ask('local', Buffer.of(99)))).toBe('INVALID_OPERATION');
  const outcome = desk.answers[desk.ask('local')];
  const [result] = outcome?.ok === true ? outcome.results : [];
  expect(result && parseCounterResult(result)?.value).toBe(0);
});

test('what waits is bounded in number and bytes, and refused with a hint', () => {
  const desk = new Desk(counterMachine, 10 * query.length);
  for (let i = 0; i < 10; i++) desk.ask('linearizable');
  expect(desk.answers[desk.ask('linearizable')]).toMatchObject({
    code: 'OVERLOADED',
    retryAfterMs: 100,
  });
  desk.reads.readable(10);
  expect(desk.open).toBe(0);
  desk.ask('linearizable');
  expect(desk.open).toBe(1);
  const many = new Desk();
  for (let i = 0; i < 16_384; i++) many.ask('linearizable');
  expect(many.codeOf(many.ask('local'))).toBe('OVERLOADED');
});

test('large answers go out slice by slice, each when the broker has taken the one before', () => {
  const large = { ...counterMachine, query: () => Buffer.alloc(400_000) };
  const desk = new Desk(large);
  for (let i = 0; i < 9; i++) desk.ask('linearizable');
  desk.reads.readable(9);
  expect(desk.open).toBe(6);
  desk.flush();
  expect(desk.open).toBe(3);
  desk.isStopped = true;
  desk.flush();
  expect(desk.answers.slice(6).map((outcome) => outcome?.ok)).toEqual([false, false, false]);
});

test('who waits for too long is sent to another member, and for a while nobody is sent here', () => {
  const desk = new Desk();
  const old = [desk.ask('linearizable'), desk.ask({ atLeast: 9 })];
  desk.now = 600;
  const young = desk.ask('linearizable');
  desk.now = 1_000;
  expect(desk.reads.areServed).toBe(true);
  desk.reads.tick();
  expect(old.map((at) => desk.codeOf(at))).toEqual(['NOT_SERVING', 'NOT_SERVING']);
  expect(desk.codeOf(young)).toBeUndefined();
  expect(desk.reads.areServed).toBe(false);
  desk.now = 2_000;
  expect(desk.reads.areServed).toBe(true);
  desk.reads.tick(); // Of the young one: it rests for longer.
  desk.now = 3_999;
  expect(desk.reads.areServed).toBe(false);
  desk.now = 4_000;
  expect(desk.reads.areServed).toBe(true);
  desk.ask('linearizable');
  desk.reads.readable(3);
  desk.ask('linearizable');
  desk.now = 5_000;
  desk.reads.tick();
  desk.now = 6_000;
  expect(desk.reads.areServed).toBe(true);
});

test('who stops answers all that waits, once, and takes nothing more', () => {
  const desk = new Desk();
  const open = [desk.ask('linearizable'), desk.ask({ atLeast: 9 })];
  desk.isStopped = true;
  desk.reads.stop();
  expect([...open, desk.ask('local')].map((at) => desk.codeOf(at))).toEqual(
    Array(3).fill('NOT_SERVING'),
  );
  expect(desk.reads.areServed).toBe(false);
});

test('an answer that nobody could carry is refused before all of it is made', () => {
  let made = 0;
  const query = (): Buffer => {
    made += 1;
    return Buffer.alloc(400_000);
  };
  const desk = new Desk({ ...counterMachine, query });
  const operations = Array<Uint8Array>(9).fill(
    encodeCounterOperation({ type: 'read', register: 'r' }),
  );
  const read = { number: 1, consistency: 'local', operations } as const;
  const outcomes: Outcome[] = [];
  desk.reads.submit(read, (outcome) => outcomes.push(outcome));
  expect(outcomes).toEqual([{ ok: false, code: 'ANSWER_TOO_LARGE' }]);
  expect(made).toBe(3);
});

test('a read that finds damage is refused, and the damage is told', () => {
  const damage = new Error('damaged');
  const broken: StateMachine = {
    ...counterMachine,
    query: () => {
      throw damage;
    },
  };
  const desk = new Desk(broken);
  expect(desk.codeOf(desk.ask('local'))).toBe('NOT_SERVING');
  expect(desk.failures).toEqual([damage]);
});
