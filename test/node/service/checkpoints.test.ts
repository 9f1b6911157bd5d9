import { encodeCommand } from '../../../contract/src/command.ts';
import { encodeCounterOperation } from '../../../machines/src/counter/operations.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { Metrics } from '../../../node/src/metrics/metrics.ts';
import { Member } from '../../../node/src/paxos/member.ts';
import { Barrier } from '../../../node/src/service/barrier.ts';
import { Checkpoints } from '../../../node/src/service/checkpoints.ts';
import type { Log } from '../../../node/src/storage/log.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import { configurations, end, pvalue, timing } from '../paxos/samples.ts';

/* Cuts of a member that has applied slot 0, over a file whose writes end when the test says so. */

let file: MemoryFile;
let writes: (() => void)[];
let happened: string[];
let checkpoints: Checkpoints;
let applier: Applier;

beforeEach(() => {
  writes = [];
  file = new MemoryFile(new MemoryStateDisk(), (run) => writes.push(run));
  const state = openMemoryState(file, { clusterId: 'c', memberId: 'a' });
  const member = new Member({
    self: 'a',
    configurations,
    mode: 'stable',
    timing,
    packing: { batchBytes: 1024, pipeline: 1, applyBytes: 4096, heldBytes: 1 << 20 },
    recovered: {
      decidedMark: 1,
      floor: 0,
      slotOut: 0,
      stored: [{ ...pvalue('1.a', 0), learned: false }],
    },
    end: end(1),
    heard: {},
    machine: { inForce: 1, newest: 1 },
  });
  member.step({ type: 'tick', random: 0.5 });
  applier = new Applier(counterMachine, state.tables, {});
  const ports = {
    member,
    state,
    applier,
    metrics: new Metrics({ version: '0', cluster: 'c', member: 'a', process: false }),
    now: () => 0,
  };
  happened = [];
  const barrier = new Barrier({} as Log, () => undefined); // Nothing is queued: nothing is written.
  const settings = { checkpointTicks: 1, overlayBytes: 1024, unwrittenBytes: 1 << 20 };
  checkpoints = new Checkpoints(ports, settings, barrier, {
    perform: () => undefined,
    facts: () => ({}),
    flushed: (slotOut) => happened.push(`flushed ${slotOut}`),
    release: () => happened.push('released'),
    failed: (error) => happened.push(`failed: ${error.message}`),
  });
});

test('a cut is made when it is time to, and counts as flushed once it is written', () => {
  checkpoints.cutWhenDue();
  expect(happened).toEqual([]);
  checkpoints.tick();
  checkpoints.cutWhenDue();
  expect(happened).toEqual([]);
  writes.shift()?.();
  expect(happened).toEqual(['flushed 1', 'released']);
  checkpoints.tick();
  checkpoints.cutWhenDue(); // There is no news.
  expect(writes).toHaveLength(0);
});

test('a cut is due before its time when much is in memory, sessions that are in no table included', () => {
  checkpoints.cutWhenDue();
  expect(writes).toHaveLength(0);
  const operations = Array.from({ length: 100 }, () =>
    encodeCounterOperation({ type: 'add', register: 'r', delta: 1 }),
  );
  applier.apply(0, [encodeCommand({ client: 'ab'.repeat(16), number: 1, lowest: 1, operations })]);
  checkpoints.cutWhenDue();
  expect(writes).toHaveLength(1);
});

test('a cut that could not be written does not count as flushed', () => {
  file.failure = new Error('the disk is full');
  checkpoints.tick();
  checkpoints.cutWhenDue();
  writes.shift()?.();
  expect(happened).toEqual(['failed: the disk is full']);
});

test('whoever waits for the cuts goes on when they are written', () => {
  checkpoints.cutAt(1, () => happened.push('written'));
  checkpoints.whenIdle(() => happened.push('idle'));
  expect(happened).toEqual([]);
  writes.shift()?.();
  expect(happened).toEqual(['written', 'flushed 1', 'idle', 'released']);
});
