import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../lab/deadline.ts';
import { CHANGE_MS, RIVAL, SETTLE_MS, type Journey } from './journey.ts';
import type { Load } from './load.ts';
import type { Release } from './release.ts';

/* What people change. */

async function scaleTo(release: Release, ...sizes: readonly number[]): Promise<void> {
  for (const replicas of sizes) {
    await release.scale(replicas);
    await release.settled(CHANGE_MS);
  }
}

async function imagesOf(release: Release): Promise<string[]> {
  const images = (await release.members()).map(({ spec }) => spec.containers[0]?.image ?? '');
  return [...new Set(images)];
}

async function rollTo(release: Release, image: string): Promise<void> {
  await release.patch({ spec: { image } });
  await until(`every member ran ${image}`, CHANGE_MS, async () => {
    const images = await imagesOf(release);
    if (images.length === 1 && images[0] === image) return true;
    throw new Error(images.join(', '));
  });
  await release.settled(CHANGE_MS);
}

async function rollAndBack(release: Release): Promise<void> {
  const { kubernetes } = release;
  await rollTo(release, await kubernetes.nextImage());
  await rollTo(release, kubernetes.image);
}

/** Stops at the first member; a pod that is deleted meanwhile comes back on the good image. */
async function brokenImage(release: Release): Promise<void> {
  const [good = ''] = await imagesOf(release);
  const repository = good.slice(0, good.lastIndexOf(':'));
  await release.patch({ spec: { image: `${repository}:no-such-image` } });
  await release.says('Degraded', 'True ImageNotFound', CHANGE_MS);
  await release.says('Available', 'True', SETTLE_MS);
  const pods = await release.members();
  const broken = pods.filter(({ spec }) => spec.containers[0]?.image !== good);
  if (broken.length !== 1) throw new Error(`${broken.length} pods have the broken image.`);
  const other = pods.find((pod) => !broken.includes(pod))?.metadata;
  if (other === undefined) throw new Error('There is no other pod.');
  await release.kubectl('delete', 'pod', other.name);
  await until(`${other.name} was back on the good image`, SETTLE_MS, async () => {
    const back = (await release.members()).find(({ metadata }) => metadata.name === other.name);
    const isReady = back?.status.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    return isReady === true && back?.spec.containers[0]?.image === good;
  });
  await rollTo(release, good);
}

/** Every pod is made anew before anybody sees that the settings are wrong. */
async function brokenSettings(release: Release): Promise<void> {
  const env = [{ name: 'NODE_OPTIONS', value: '--no-such-option' }];
  await release.patch({ spec: { env } });
  await release.kubectl('delete', 'pod', '--wait=false', '--selector', release.memberSelector);
  await release.says('Degraded', 'True Crashing', CHANGE_MS);
  await release.patch({ spec: { env: null } });
  await release.settled(CHANGE_MS);
}

/** Servers know both users while everybody moves from one to the other; and back again. */
async function rotateCredentials(release: Release, load: Load): Promise<void> {
  for (const [old, next] of [
    [1, 2],
    [2, 1],
  ] as const) {
    for (const generations of [`${old},${next}`, `${next}`]) {
      await release.upgrade(`nats.auth.generations={${generations}}`);
      await release.natsIsUp();
      await release.settled(CHANGE_MS);
      await load.useGeneration(release, next);
    }
  }
  const { unknown } = load.outage();
  if (unknown > 0) throw new Error(`${unknown} writes have no known outcome.`);
}

/** Each dies once, in the middle of it. */
async function twoOperators(release: Release): Promise<void> {
  await release.upgrade('operator.replicas=2');
  const operators = await release.operators();
  const killing = async (): Promise<void> => {
    // Whichever leads, another one goes on.
    for (const { metadata } of operators) {
      await sleep(10_000);
      await release.kill(metadata.name);
    }
  };
  await Promise.all([scaleTo(release, 5, 3), killing()]);
  await release.upgrade();
}

/** Two operators of which neither knows of the other work on one cluster. */
async function twoReleases(release: Release): Promise<void> {
  const rival = release.beside(RIVAL, release.namespace, [
    'image.tag=lab',
    'cluster.enabled=false',
    'nats.enabled=false',
  ]);
  await rival.install();
  await scaleTo(release, 5, 3);
  await rollAndBack(release);
  await rival.uninstall();
  await release.settled(SETTLE_MS);
}

export const changes: readonly Journey[] = [
  { name: '3→5→3', always: true, run: (release) => scaleTo(release, 5, 3) },
  { name: 'roll to another image, and back', always: true, run: rollAndBack },
  { name: 'a broken image', always: true, run: brokenImage },
  {
    name: 'scale, then helm upgrade',
    always: true,
    run: async (release) => {
      await scaleTo(release, 5);
      await release.upgrade('operator.logLevel=debug');
      await release.settled(SETTLE_MS);
      const { spec } = await release.cluster();
      if (spec.replicas !== 5) throw new Error(`The upgrade made them ${spec.replicas}.`);
      await scaleTo(release, 3);
    },
  },
  { name: '3→5→3→1→3', always: false, run: (release) => scaleTo(release, 5, 3, 1, 3) },
  { name: 'broken settings everywhere, then corrected', always: false, run: brokenSettings },
  { name: 'credentials are rotated', always: false, isLong: true, run: rotateCredentials },
  { name: 'two operators', always: false, isLong: true, run: twoOperators },
  { name: 'two releases that watch one namespace', always: false, isLong: true, run: twoReleases },
];
