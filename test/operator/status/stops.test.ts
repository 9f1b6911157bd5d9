import { LOST } from '../../../operator/src/resources/annotations.ts';
import type { ConditionType } from '../../../operator/src/api/status.ts';
import { condition, idAt, ROUNDS, running } from '../reconcile/model/running-cluster.ts';
import type { World } from '../reconcile/model/world.ts';

/* Where nothing may be done, a person is told why, and nothing is done. */

let world: World;
afterEach(() => {
  expect(world.violations).toEqual([]);
  expect(world.deeds).toEqual([]);
});

function message(type: ConditionType): string | undefined {
  return world.cluster.status?.conditions?.find((each) => each.type === type)?.message;
}

test('LastVoterLost: the only voter is said to be lost', async () => {
  world = await running(1);
  const only = idAt(world, 0);
  world.annotate({ [LOST]: `c-0=${only}` });
  await world.rounds(ROUNDS);
  expect(world.cluster.status?.phase).toBe('Healing');
  expect(condition(world, 'Progressing')).toBe('True LastVoterLost');
  expect(message('Progressing')).toBe(
    `c-0 (member ${only}) is lost, as the annotation ${LOST} says so, and nobody else can vote.`,
  );
  expect(condition(world, 'Degraded')).toBe('True MemberLost');
});

test('FirstConfigurationUnreadable: its ConfigMap was changed', async () => {
  world = await running(3);
  const map = world.objects.find('ConfigMap', 'c-first-configuration')!;
  world.objects.put({ ...map, data: { 'first-configuration.json': '{}' } } as typeof map);
  await world.rounds(ROUNDS);
  for (const type of ['Progressing', 'Degraded'] as const) {
    const status = type === 'Degraded' ? 'True' : 'False';
    expect(condition(world, type)).toBe(`${status} FirstConfigurationUnreadable`);
    expect(message(type)).toBe(
      'The ConfigMap c-first-configuration was changed, or belongs to something else. Each ' +
        'member that was told has the same text in its data folder; restore it, or delete the ' +
        'ConfigMap: it is made again from what the members say.',
    );
  }
  expect(condition(world, 'Available')).toBe('True Leading');
});
