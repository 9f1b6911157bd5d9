import type { ModelObject } from '../reconcile/model/model-objects.ts';
import { condition, running } from '../reconcile/model/running-cluster.ts';
import type { World } from '../reconcile/model/world.ts';

/* What a cluster's CronJobs say of its snapshots. */

let world: World;
beforeEach(async () => {
  world = await running(3);
});

async function cronJob(
  status: object,
  name = 'backup',
  cluster = 'c',
  spec: object = {},
): Promise<void> {
  const labels = { 'paxos.synod.dev/cluster': cluster };
  const object: ModelObject = {
    kind: 'CronJob',
    metadata: { name, namespace: 'n', labels },
    spec,
    status,
  };
  world.objects.put(object);
  await world.rounds(2);
}

const said = (): string | undefined =>
  world.cluster.status?.conditions?.find(({ type }) => type === 'Degraded')?.message;
const backup = () => world.cluster.status?.backup;

const [first, second] = ['2030-01-01T02:30:00Z', '2030-01-02T02:30:00Z'];
const saved = '2030-01-01T02:31:12Z';

test('without one, and with one that is somebody else’s, nothing is said', async () => {
  await cronJob({ lastSuccessfulTime: saved }, 'other', 'd');
  expect(backup()).toBeUndefined();
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('when the last one was saved', async () => {
  await cronJob({});
  expect(backup()).toEqual({});
  await cronJob({ lastScheduleTime: first, active: [{ name: 'job' }] });
  expect(backup()).toEqual({});
  expect(condition(world, 'Degraded')).toBe('False AllWell');
  await cronJob({ lastScheduleTime: first, lastSuccessfulTime: saved });
  expect(backup()).toEqual({ lastGoodTime: saved });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
  await cronJob({ lastScheduleTime: second, lastSuccessfulTime: saved, active: [{ name: 'job' }] });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('the one that was due last failed', async () => {
  await cronJob({ lastScheduleTime: first });
  expect(condition(world, 'Degraded')).toBe('True BackupFailed');
  expect(said()).toMatch(/due at 2030-01-01T02:30:00Z was not saved: .*\. There is none\.$/);
  await cronJob({ lastScheduleTime: second, lastSuccessfulTime: saved });
  expect(said()).toContain(`due at ${second} was not saved`);
  expect(said()).toMatch(/The last good one is of 2030-01-01T02:31:12Z\.$/);
  await cronJob({ lastScheduleTime: second, lastSuccessfulTime: '2030-01-02T09:00:00Z' });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('of two, the newest counts', async () => {
  await cronJob({ lastScheduleTime: first });
  await cronJob({ lastScheduleTime: second, lastSuccessfulTime: '2030-01-02T02:40:00Z' }, 'hourly');
  expect(backup()).toEqual({ lastGoodTime: '2030-01-02T02:40:00Z' });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('nobody was at it, though two were due: it is overdue, and whoever suspended it is told', async () => {
  const schedule = '* * * * *';
  await cronJob({}, 'backup', 'c', { schedule });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
  await world.rounds(190); // An hour, and more.
  expect(condition(world, 'Degraded')).toBe('True BackupOverdue');
  expect(said()).toMatch(
    /^No snapshot was saved for twice as long as the schedule says: one was due again at 2030-01-01T00:\d\d:00Z\. There is none\. To do: see whether the CronJob backup makes Jobs, and what hinders them\.$/,
  );
  await cronJob({}, 'backup', 'c', { schedule, suspend: true });
  expect(said()).toContain('To do: the CronJob backup is suspended: have it go on.');
  await cronJob({ lastSuccessfulTime: '2030-01-01T01:10:00Z' }, 'backup', 'c', { schedule });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});
