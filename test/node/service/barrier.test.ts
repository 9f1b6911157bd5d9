import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import { Barrier } from '../../../node/src/service/barrier.ts';
import type { Log } from '../../../node/src/storage/log.ts';

/* A log whose writes are over when the test says so. */

const record = (slot: number): LogRecord => ({ type: 'decided-mark', slot });

let written: LogRecord[][];
let finish: ((error?: Error) => void)[];
let happened: string[];
let barrier: Barrier;

beforeEach(() => {
  written = [];
  finish = [];
  happened = [];
  const append: Log['append'] = (records, done) => {
    written.push([...records]);
    finish.push(done);
  };
  barrier = new Barrier({ append } as Log, (error) => happened.push(`failed: ${error.message}`));
});

const hold = (what: string): void => barrier.hold(() => happened.push(what));
const flush = (): void => barrier.flush(() => happened.push('released'));

test('what waits for nothing leaves at once', () => {
  hold('a');
  expect(happened).toEqual(['a']);
});

test('A1: what is held leaves only when every record queued before it is durable', () => {
  barrier.persist(record(1));
  hold('after 1');
  flush();
  barrier.persist(record(2));
  hold('after 2');
  flush();
  expect([happened, written]).toEqual([[], [[record(1)]]]);
  finish[0]?.();
  expect(happened).toEqual(['after 1', 'released']);
  flush();
  expect(happened).toEqual(['after 1', 'released']);
  finish[1]?.();
  expect(happened).toEqual(['after 1', 'released', 'after 2', 'released']);
});

test('what is held with nothing new queued still waits for the batch in flight', () => {
  barrier.persist(record(1));
  flush();
  hold('later step');
  expect(happened).toEqual([]);
  finish[0]?.();
  expect(happened).toEqual(['later step', 'released']);
});

test('one batch in flight; what gathers meanwhile is written together', () => {
  barrier.persist(record(1));
  flush();
  for (const slot of [2, 3]) {
    barrier.persist(record(slot));
    flush();
  }
  expect(written).toHaveLength(1);
  finish[0]?.();
  flush();
  expect(written).toEqual([[record(1)], [record(2), record(3)]]);
});

test('it knows how much is not durable, and writes no more than 4 MiB at a time, in order', () => {
  const large = (slot: number): LogRecord => {
    const value = [new Uint8Array(1024 * 1024)];
    return { type: 'learned', ballot: { round: 1, leader: 'a' }, slot, value };
  };
  for (const slot of [1, 2, 3, 4, 5]) {
    barrier.persist(large(slot));
    hold(`after ${slot}`);
  }
  expect(barrier.bytes).toBeGreaterThan(5 * 1024 * 1024);
  flush();
  expect(written.map((records) => records.length)).toEqual([3]);
  hold('after all');
  finish[0]?.();
  expect(happened).toEqual(['after 1', 'after 2', 'after 3', 'released']);
  flush();
  expect(written.map((records) => records.length)).toEqual([3, 2]);
  finish[1]?.();
  expect(happened.slice(4)).toEqual(['after 4', 'after 5', 'after all', 'released']);
  expect(barrier.bytes).toBe(0);
});

test('after a failed write nothing that is held ever leaves', () => {
  barrier.persist(record(1));
  hold('never');
  flush();
  barrier.persist(record(2));
  hold('never either');
  finish[0]?.(new Error('EIO'));
  flush();
  expect(happened).toEqual(['failed: EIO']);
  expect(written).toHaveLength(1);
});
