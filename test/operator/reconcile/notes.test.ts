import { MEMBER } from '../../../operator/src/resources/annotations.ts';
import { condition, idAt, ROUNDS, running, silence } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/*
 * The note on a volume says which member is in it. It is written a while after that member was
 * named, and may be old or missing: then nothing is done that would cost a member its volume.
 */

function note(world: World, ordinal: number, member: string | undefined): void {
  const claim = world.objects.find('PersistentVolumeClaim', `data-c-${ordinal}`)!;
  const annotations = member === undefined ? {} : { [MEMBER]: member };
  world.objects.put({ ...claim, metadata: { ...claim.metadata, annotations } });
}

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('a member is where it answers, whatever is noted: somebody moved what is in two volumes', async () => {
  world = await running(3);
  const [one, two] = [1, 2].map((ordinal) => world.volumeOf(ordinal)!.disk);
  const was = { ...one! };
  Object.assign(one!, two);
  Object.assign(two!, was);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('a silent volume without a note, which somebody deletes, may be that of a voter', async () => {
  world = await running(3);
  note(world, 1, undefined);
  silence(world, 1);
  world.deleteClaim(1);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
});

test('a silent volume with an old note may be that of a voter', async () => {
  world = await running(3);
  note(world, 1, 'former');
  silence(world, 1);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
});

test('a silent volume without a note that is to go may be that of a voter', async () => {
  world = await running(5);
  note(world, 4, undefined);
  silence(world, 4);
  world.edit({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True UnknownVolume');
});

test('the note of a member that is one yet stays until it is none any more', async () => {
  world = await running(3);
  const old = idAt(world, 2);
  world.wipe(2);
  while (!world.deeds.some((deed) => deed.startsWith('promote'))) {
    await world.rounds(1);
    const claim = world.objects.find('PersistentVolumeClaim', 'data-c-2');
    expect(claim?.metadata?.annotations?.[MEMBER]).toBe(old);
  }
  await world.rounds(ROUNDS);
  const claim = world.objects.find('PersistentVolumeClaim', 'data-c-2');
  expect(claim?.metadata?.annotations?.[MEMBER]).toBe(idAt(world, 2));
});
