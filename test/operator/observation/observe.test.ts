import type { MemberStatus } from '../../../contract/src/status.ts';
import type { Members } from '../../../operator/src/ports.ts';
import { observed } from '../reconcile/model/observed.ts';
import { running } from '../reconcile/model/running-cluster.ts';
import type { World } from '../reconcile/model/world.ts';

/** As if these had answered over NATS, and nobody at the address of a pod. */
function overNats(world: World, nats: readonly MemberStatus[]): Members {
  const heard = {
    http: new Map<string, MemberStatus>(),
    nats,
    waiting: new Map(),
    figures: [],
    connection: { up: true } as const,
  };
  return {
    look: () => Promise.resolve(heard),
    form: world.form.bind(world),
    change: world.change.bind(world),
    transfer: world.transfer.bind(world),
    recover: world.recover.bind(world),
    setAside: world.setAside.bind(world),
  };
}

test('of two who answer over NATS as one pod, neither is believed to be there', async () => {
  const world = await running(3);
  const { statuses } = await observed(world);
  const one = await observed(world, overNats(world, statuses));
  expect(one.places[1]).toMatchObject({ isSeen: false, status: { name: 'c-1' } });
  const [, said] = statuses;
  const two = await observed(world, overNats(world, [...statuses, { ...said!, member: 'x' }]));
  expect(two.places[1]?.status).toBeUndefined();
  expect(two.statuses).toHaveLength(4);
});
