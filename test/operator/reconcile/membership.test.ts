import { dismiss } from '../../../operator/src/reconcile/membership.ts';
import { decided, type Observation } from '../../../operator/src/observation/observation.ts';
import { observed } from './model/observed.ts';
import { idAt, running } from './model/running-cluster.ts';
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

describe('removing a member', () => {
  let seen: Observation;
  const remove = (member: string, looked = seen) =>
    dismiss(looked, decided(looked)!, member, 'c-1', 'it is lost');

  beforeEach(async () => {
    world = await running(3);
    seen = await observed(world);
  });

  /** The last of three is not well. */
  function ailing(): Observation {
    const [zero, one, two] = seen.places;
    const status = { ...two!.status!, ready: false };
    return { ...seen, places: [zero!, one!, { ...two!, status }] };
  }

  test('is done while a majority of the others is well, and waits while none is', () => {
    const member = idAt(world, 1);
    const action = { type: 'change', request: { step: 'remove', member, force: false } };
    expect(remove(member)).toMatchObject({ action });
    expect(remove(member, ailing())).toMatchObject({ note: { reason: 'WaitingForMajority' } });
  });

  test('waits for nobody when it is only a learner', () => {
    const { places, ...rest } = ailing();
    const [zero, one, two] = places;
    const status = { ...one!.status!, ready: false };
    const looked = { ...rest, places: [zero!, { ...one!, status }, two!] };
    expect(remove('learner', looked)).toMatchObject({ action: { type: 'change' } });
  });
});
