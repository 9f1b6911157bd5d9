import type { Observation } from '../../../../operator/src/reconcile/observation.ts';
import { observe } from '../../../../operator/src/reconcile/observe.ts';
import { running } from './running-cluster.ts';

/** What an operator sees of three members that are well. */
export async function observed(): Promise<Observation> {
  const world = await running(3);
  const ports = {
    objects: world.objects,
    members: world,
    events: { record: () => Promise.resolve() },
    now: () => Date.UTC(2031, 0, 1),
    newClusterId: () => 'never',
  };
  return observe(ports, world.cluster);
}
