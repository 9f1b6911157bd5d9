import type { ConditionType } from '../../../../operator/src/api/status.ts';
import { World } from './world.ts';

/** So many look after look, and whatever can be done is done. */
export const ROUNDS = 40;

/** A cluster that has come to run, and what has been done for it since: nothing. */
export async function running(replicas: 1 | 3 | 5 | 7 = 3): Promise<World> {
  const world = new World();
  world.createCluster({ replicas });
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(replicas);
  world.deeds.splice(0);
  return world;
}

export function idAt(world: World, ordinal: number): string {
  return world.volumeOf(ordinal)?.disk.id ?? '';
}

export function nodeOf(world: World, ordinal: number): string {
  return world.objects.find('Pod', `c-${ordinal}`)?.spec?.nodeName ?? '';
}

/** Its node is away: it may come back. */
export function silence(world: World, ordinal: number): void {
  world.kubernetes.nodes.set(nodeOf(world, ordinal), false);
}

/** Like `True Leading`. */
export function condition(world: World, type: ConditionType): string {
  const found = world.cluster.status?.conditions?.find((each) => each.type === type);
  return `${found?.status ?? ''} ${found?.reason ?? ''}`;
}
