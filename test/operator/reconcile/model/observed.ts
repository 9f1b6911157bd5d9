import type { Observation } from '../../../../operator/src/observation/observation.ts';
import { observe } from '../../../../operator/src/observation/observe.ts';
import type { Members, Ports } from '../../../../operator/src/ports.ts';
import type { World } from './world.ts';

/** What a look at the world finds: for steps that are looked at alone. */
export async function observed(world: World, members: Members = world): Promise<Observation> {
  const ports: Ports = {
    objects: world.objects,
    members,
    events: { record: () => Promise.resolve() },
    now: () => Date.UTC(2031, 0, 1),
    newClusterId: () => 'never',
  };
  return observe(ports, world.cluster);
}
