import type { World } from '../reconcile/model/world.ts';
import { idAt, nodeOf, running } from '../reconcile/model/running-cluster.ts';

function degraded(world: World): string {
  const found = world.cluster.status?.conditions?.find(({ type }) => type === 'Degraded');
  return found?.message ?? '';
}

const command = (pair: string): string =>
  `kubectl annotate --overwrite --namespace n paxoscluster c paxos.synod.dev/lost=${pair}`;

test('of a member whose volume is nowhere it is said how to say that it is lost', async () => {
  const world = await running(3);
  const old = idAt(world, 1);
  world.deleteClaim(1);
  world.deletePod(1);
  await world.rounds(5);
  expect(degraded(world)).toContain(command(`c-1=${old}`));
});

test('of two members on one node it is said how one of them moves', async () => {
  const world = await running(3);
  const pod = world.objects.find('Pod', 'c-2');
  world.objects.put({ ...pod, spec: { ...pod?.spec, nodeName: nodeOf(world, 0) } });
  await world.rounds(1);
  expect(degraded(world)).toContain('c-0 and c-2 are on one node');
  expect(degraded(world)).toContain(command(`c-2=${idAt(world, 2)}`));
});
