import type { Outcome } from '../../../contract/src/reply.ts';
import { MOST_RIDING } from '../../../node/src/paxos/proposals.ts';
import { COMMAND_FRAMING, sentBytes, type Pvalue } from '../../../node/src/paxos/pvalue.ts';
import { encodeFrame } from '../../../node/src/transport/frame-codec.ts';
import { roomIn } from '../../../node/src/transport/transport.ts';
import { MemoryCluster } from './memory-cluster.ts';

/* Whatever a message may have, what is in a slot fits one. */

const LIMIT = 64 * 1024;
const id = 'm'.repeat(64);
const most = Number.MAX_SAFE_INTEGER;
const ballot = { round: most, leader: id };
const frame = {
  cluster: 'c'.repeat(129),
  from: id,
  to: id,
  end: { incarnation: { count: most, random: most }, sequence: most },
  history: { slot: most, from: most, hash: 2n ** 64n - 1n },
};

/** Commands of that size, as many as a slot may have then. */
function filled(bytes: number, room: number): Uint8Array[] {
  const count = Math.floor(room / (bytes + COMMAND_FRAMING));
  return Array.from({ length: count }, () => new Uint8Array(bytes));
}

test.each([1, 39, 300, 70_000])('a slot full of commands of %i bytes fits a message', (bytes) => {
  const limit = bytes > LIMIT ? 4 * LIMIT : LIMIT;
  const decided = Array.from({ length: MOST_RIDING }, (_, i) => most - i);
  const value = filled(bytes, roomIn(limit));
  const p2a = { type: 'p2a', ballot, slot: most, value, decided } as const;
  expect(encodeFrame({ ...frame, messages: [p2a] }).length).toBeLessThanOrEqual(limit);
});

test.each([0, 39, 300])('a page full of pvalues with a command of %i bytes fits one', (bytes) => {
  const value = bytes === 0 ? [] : [new Uint8Array(bytes)];
  const count = Math.floor(roomIn(LIMIT) / sentBytes(value));
  const pvalues: Pvalue[] = Array.from({ length: count }, (_, i) => ({
    ...{ ballot, value },
    slot: most - i,
  }));
  const p1b = { type: 'p1b', ballot, from: most, next: most, forgotten: most, pvalues } as const;
  expect(encodeFrame({ ...frame, messages: [p1b] }).length).toBeLessThanOrEqual(LIMIT);
});

test('while messages are small, a larger command is refused with both sizes, and the next one runs', () => {
  const cluster = new MemoryCluster(3, 1, 0);
  const outcomes: Outcome[] = [];
  const append = (text: string): void => {
    cluster.append(cluster.leader ?? '', text, (outcome) => outcomes.push(outcome));
    cluster.run(50);
  };
  cluster.run(300);
  append('x'.repeat(2_000));
  expect(outcomes.splice(0)).toMatchObject([{ ok: true }]);
  cluster.messageBytes = 1; // There is room for a little in any case: it goes in parts.
  append('y'.repeat(2_000));
  const size = 2_000 + 31 + 4 + 4 + 9;
  const sizes = { bytes: size, most: roomIn(1) - COMMAND_FRAMING };
  expect(outcomes.splice(0)).toEqual([{ ok: false, code: 'TOO_LARGE', sizes }]);
  append('next');
  cluster.messageBytes = Infinity;
  append('y'.repeat(2_000));
  expect(outcomes).toMatchObject([{ ok: true }, { ok: true }]);
});

test('what waited while messages became smaller is refused, too, and never proposed', () => {
  const cluster = new MemoryCluster(3, 1, 0);
  const outcomes: Outcome[] = [];
  cluster.run(300);
  cluster.append(cluster.leader ?? '', 'x'.repeat(2_000), (outcome) => outcomes.push(outcome));
  cluster.messageBytes = 1;
  cluster.run(50);
  expect(outcomes).toMatchObject([{ ok: false, code: 'TOO_LARGE' }]);
});
