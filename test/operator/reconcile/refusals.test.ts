import { condition, ROUNDS, running } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/* What the operator may not even look at. */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test.each(['StatefulSet', 'Pod', 'PersistentVolumeClaim', 'ConfigMap'] as const)(
  'the operator may not read a %s: it is said, and nothing is done',
  async (kind) => {
    world = await running(3);
    const { members } = world.cluster.status ?? {};
    world.objects.forbid(kind);
    world.edit({ image: 'v2' });
    const { againAfterMs, rest } = await world.reconcile();
    expect(againAfterMs).toBe(15_000);
    expect(rest).toBeUndefined();
    expect(condition(world, 'Progressing')).toBe('False Forbidden');
    expect(condition(world, 'Degraded')).toBe('True Forbidden');
    const message = world.cluster.status?.conditions?.find(({ type }) => type === 'Degraded');
    expect(message?.message).toContain(kind);
    // What was known is said yet.
    expect(world.cluster.status).toMatchObject({ phase: 'Stopped', members });
    expect(condition(world, 'Available')).toBe('True Leading');
    expect(condition(world, 'Ready')).toBe('Unknown Forbidden');
    expect(world.cluster.status?.conditions).toHaveLength(7);
    await world.rounds(3);
    expect(world.deeds).toEqual([]);
    const { resourceVersion } = world.cluster.metadata;
    await world.reconcile();
    expect(world.cluster.metadata.resourceVersion).toBe(resourceVersion);

    world.objects.forbid(undefined);
    world.edit({ image: 'v1' });
    await world.rounds(ROUNDS);
    expect(condition(world, 'Degraded')).toBe('False AllWell');
  },
);
