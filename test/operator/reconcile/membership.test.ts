import { running } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('what is said of a learner does not change with every slot that it learns', async () => {
  world = await running(1);
  world.edit({ replicas: 3 });
  while (!world.deeds.some((deed) => deed.startsWith('add'))) await world.rounds(1);
  const said = () => world.cluster.status?.conditions?.find(({ type }) => type === 'Progressing');
  for (let looks = 0; looks < 3; looks += 1) {
    world.settle();
    Object.assign(world.volumeOf(1)?.disk ?? {}, { hasCaughtUp: false });
    await world.reconcile();
  }
  expect(said()).toMatchObject({
    reason: 'CatchingUp',
    message: 'c-1 learns what the others have.',
  });
});
