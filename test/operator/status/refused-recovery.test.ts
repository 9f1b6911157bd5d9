import { recoveredClusterId } from '../../../operator/src/observation/recovery.ts';
import { refusedRecovery } from '../../../operator/src/status/refused-recovery.ts';
import { standingOf } from '../../../operator/src/observation/standing.ts';
import { observed } from '../reconcile/model/observed.ts';
import { idAt, running } from '../reconcile/model/running-cluster.ts';

test('a recovery that has begun is not refused because the old majority is back', async () => {
  const world = await running(3);
  const recovery = { clusterId: 'cluster-0', member: idAt(world, 2) };
  world.edit({ recovery });
  const seen = await observed(world);
  expect(refusedRecovery(seen, standingOf(seen))).toEqual(recovery);
  const [one, two, three] = seen.statuses;
  const begun = { ...three!, member: 'x', clusterId: recoveredClusterId(recovery) };
  const looked = { ...seen, statuses: [one!, two!, begun] };
  expect(refusedRecovery(looked, standingOf(looked))).toBeUndefined();
});
