import { calmPlan, type Plan } from './plan.ts';
import { simulate } from './simulation.ts';

/* A newer program comes to one member after the other, while clients go on. */

const plan: Plan = {
  ...calmPlan,
  mode: 'liveness',
  forMs: 6_000,
  requests: Array.from({ length: 200 }, (_, i) => ({
    at: 300 + 28 * i,
    client: i % 2,
    operation: { type: 'add', register: 'a', delta: 1 },
  })),
};

/** A liveness run ends only when the newest version is in force on every member. */
test.each([
  { first: 'the leader', member: 'leader' },
  { first: 'a follower', member: 0 },
] as const)('$first has the newer version first: it is in force when all have it', (of) => {
  const { member } = of;
  const upgrade = { kind: 'upgrade', at: 1_000, member, forMs: 500, luck: 0 } as const;
  const { failure, answered, faults } = simulate({ ...plan, faults: [upgrade] });
  expect({ failure, answered }).toEqual({ failure: undefined, answered: 200 });
  expect(faults.get('upgrade')).toBe(1);
});

test('a member that is started again after it goes on with it', () => {
  const upgrade = { kind: 'upgrade', at: 1_000, member: 0, forMs: 200, luck: 0 } as const;
  const restarts = [0, 1, 2].map((member) => {
    return { kind: 'kill', at: 2_500 + 700 * member, member, forMs: 100, luck: 0 } as const;
  });
  const { failure } = simulate({ ...plan, faults: [upgrade, ...restarts] });
  expect(failure).toBeUndefined();
});
