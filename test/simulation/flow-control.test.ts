import { calmPlan, type Fault, type Plan, type Request } from './plan.ts';
import { simulate } from './simulation.ts';
import { Trace } from './trace/trace.ts';

/* The states of members stall for long, under load: the run itself checks what they keep then. */

const STALLED_AT = 2_000;
/** It is undone after four times as long. */
const FOR_MS = 2_500;
const STALLED_UNTIL = STALLED_AT + 4 * FOR_MS;
const CLIENTS = 6;

const requests = Array.from({ length: 1_000 }, (_, i): Request => {
  const operation = { type: 'append', text: `${i} ${'x'.repeat(400)}` } as const;
  return { at: 1_000 + 11 * i, client: i % CLIENTS, operation };
});
const plan: Plan = {
  ...calmPlan,
  ...{ mode: 'liveness', machine: 'chat-log', clients: CLIENTS, requests, forMs: 14_000 },
  unwrittenBytes: 4 * 1024,
};

test('of one that lost its state: it applies no more of its log than the bound allows', () => {
  // By then all is answered, and in its log: nothing else comes.
  const [lostAt, startsAt] = [13_000, 13_500];
  const faults: Fault[] = [
    { kind: 'damaged-state', at: lostAt, member: 0, forMs: startsAt - lostAt, luck: 0.1 },
    { kind: 'stalled-state', at: startsAt + 2, member: 0, forMs: 200, luck: 0.1 },
  ];
  const report = simulate({ ...plan, keepBytes: 1 << 24, faults });
  const { failure, answered, transfers } = report;
  expect({ failure, answered }).toEqual({ failure: undefined, answered: requests.length });
  expect([report.faults.size, transfers]).toEqual([2, 0]);
});

/** @param luck below a half it hits one, else all */
function stalled(
  member: Fault['member'],
  luck: number,
  more: Partial<Plan> & { readonly from?: number } = {},
): { decided: number } {
  const fault: Fault = { kind: 'stalled-state', at: STALLED_AT, member, forMs: FOR_MS, luck };
  const trace = new Trace();
  const { faults = [], from = STALLED_AT, ...rest } = more;
  const run = { ...plan, ...rest, faults: [fault, ...faults] };
  const { failure, answered } = simulate(run, { trace });
  expect({ failure, answered }).toEqual({ failure: undefined, answered: requests.length });
  const isThen = ({ at }: { at: number }): boolean => at > from && at < STALLED_UNTIL;
  return { decided: trace.events.filter((each) => each.type === 'decide' && isThen(each)).length };
}

test('of all: nobody keeps more than the bound, and all is answered once they go on', () => {
  const { decided } = stalled(0, 0.9);
  expect(decided).toBeLessThan(100);
});

test.each([0, 1, 2, 'leader'] as const)('of one (%s): the others go on', (member) => {
  const { decided } = stalled(member, 0.1);
  expect(decided).toBeGreaterThan(400);
});

const seeds = Array.from({ length: 12 }, (_, seed) => seed);

test.each(seeds)('of one, while nobody leads for a moment: the others go on (seed %i)', (seed) => {
  // What it lacks is collected by then, elsewhere.
  const pause: Fault = { kind: 'pause', at: 5_000, member: 'leader', forMs: 1_500, luck: 0.5 };
  const { decided } = stalled(1, 0.1, { seed, faults: [pause], from: 8_000 });
  expect(decided).toBeGreaterThan(100);
});
