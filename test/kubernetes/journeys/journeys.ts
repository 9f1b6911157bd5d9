import { setTimeout as sleep } from 'node:timers/promises';
import { WORKERS, type Worker } from '../lab/addresses.ts';
import { until } from '../lab/deadline.ts';
import type { Release } from './release.ts';

/** Until a cluster that was disturbed has to be whole again. */
const SETTLE_MS = 150_000;
/** A roll or a change of size goes member by member. */
const CHANGE_MS = 240_000;

export const IMAGE = 'synod:lab';
const NEXT_IMAGE = 'synod:next';

/** What a person or a machine does to a cluster under load; it ends when all is well again. */
export interface Journey {
  readonly name: string;
  /** It is short enough for each run of CI. */
  readonly always: boolean;
  run(release: Release): Promise<void>;
}

async function deletePods(release: Release, names: readonly string[]): Promise<void> {
  const before = new Map(
    (await release.members()).map(({ metadata }) => [metadata.name, metadata]),
  );
  await release.kubectl('delete', 'pod', '--wait=false', ...names);
  await until(`${names.join(', ')} were new pods`, SETTLE_MS, async () => {
    const now = await release.members();
    return names.every((name) => {
      const pod = now.find(({ metadata }) => metadata.name === name);
      return pod !== undefined && pod.metadata.uid !== before.get(name)?.uid;
    });
  });
  await release.settled(SETTLE_MS);
}

async function scaleTo(release: Release, replicas: number): Promise<void> {
  await release.scale(replicas);
  await release.settled(CHANGE_MS);
}

async function imagesOf(release: Release): Promise<string[]> {
  const images = (await release.members()).map(({ spec }) => spec.containers[0]?.image ?? '');
  return [...new Set(images)];
}

async function untilImage(release: Release, image: string): Promise<void> {
  await until(`every member ran ${image}`, CHANGE_MS, async () => {
    const images = await imagesOf(release);
    if (images.length === 1 && images[0] === image) return true;
    throw new Error(images.join(', '));
  });
  await release.settled(CHANGE_MS);
}

async function setImage(release: Release, image: string): Promise<void> {
  const patch = JSON.stringify({ spec: { image } });
  await release.kubectl('patch', 'paxoscluster', release.name, '--type=merge', `--patch=${patch}`);
}

/** Stops at the first member; a pod that is deleted meanwhile comes back on the good image. */
async function brokenImage(release: Release): Promise<void> {
  const [good = ''] = await imagesOf(release);
  await setImage(release, 'synod:no-such-image');
  await until('the roll had stopped at a member', CHANGE_MS, async () => {
    const degraded = await release.condition('Degraded');
    if (degraded.startsWith('True ImageNotFound')) return true;
    throw new Error(degraded);
  });
  const available = await release.condition('Available');
  if (!available.startsWith('True')) throw new Error(`It is not available: ${available}`);
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
  await setImage(release, good);
  await untilImage(release, good);
}

export const journeys: readonly Journey[] = [
  {
    name: 'delete the leader',
    always: true,
    run: async (release) => deletePods(release, [await release.leader()]),
  },
  {
    name: '3→5→3',
    always: true,
    run: async (release) => {
      await scaleTo(release, 5);
      await scaleTo(release, 3);
    },
  },
  {
    name: 'roll to another image',
    always: true,
    run: async (release) => {
      await release.lab.aliasImage(IMAGE, NEXT_IMAGE);
      await setImage(release, NEXT_IMAGE);
      await untilImage(release, NEXT_IMAGE);
      await setImage(release, IMAGE);
      await untilImage(release, IMAGE);
    },
  },
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
  {
    name: 'delete each pod, then two, then all',
    always: false,
    run: async (release) => {
      const names = (await release.members()).map(({ metadata }) => metadata.name);
      for (const name of names) await deletePods(release, [name]);
      await deletePods(release, names.slice(0, 2));
      await deletePods(release, names);
    },
  },
  {
    name: 'kill -9 of the leader’s process, 20 times',
    always: false,
    run: async (release) => {
      const { namespace, lab } = release;
      for (let n = 0; n < 20; n += 1) {
        await lab.faults.killPod({ namespace, pod: await release.leader() }, 'member');
        await sleep(1_000);
        // A container that ended often is started again later and later.
        await release.settled(400_000);
      }
    },
  },
  {
    name: '3→5→3→1→3',
    always: false,
    run: async (release) => {
      for (const replicas of [5, 3, 1, 3]) await scaleTo(release, replicas);
    },
  },
  {
    name: 'the operator is killed while it scales and rolls',
    always: false,
    run: async (release) => {
      for (const [replicas, delays] of [
        [5, [2_000, 6_000]],
        [3, [500, 2_000]],
      ] as const) {
        await release.scale(replicas);
        for (const delay of delays) {
          await sleep(delay);
          await release.kubectl(
            'delete',
            'pod',
            '--selector',
            'app.kubernetes.io/component=operator',
          );
        }
        await release.settled(CHANGE_MS);
      }
    },
  },
  {
    name: 'each NATS server in turn, then all',
    always: false,
    run: async (release) => {
      const servers = await release.pods('app.kubernetes.io/component=nats');
      const wait = () =>
        release.kubectl('rollout', 'status', `statefulset/${release.name}-nats`, '--timeout=80s');
      for (const { metadata } of servers) {
        await release.kubectl('delete', 'pod', metadata.name);
        await wait();
      }
      await release.kubectl('delete', 'pod', ...servers.map(({ metadata }) => metadata.name));
      await wait();
      await release.settled(SETTLE_MS);
    },
  },
  {
    name: 'each node is drained in turn',
    always: false,
    run: async (release) => {
      for (const worker of WORKERS) {
        const how = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=80s'];
        // Its member's volume is there alone: it comes back when the node does.
        await release.kubectl('drain', worker, '--pod-selector', memberSelector(release), ...how);
        await sleep(5_000);
        await release.kubectl('uncordon', worker);
        await release.settled(SETTLE_MS);
      }
    },
  },
  {
    name: 'kubelet and containerd of a node are stopped for two minutes',
    always: false,
    run: async (release) => {
      const worker = await workerOf(release, await release.leader());
      await release.lab.faults.stopNode(worker);
      await sleep(120_000);
      await release.lab.faults.startNode(worker);
      await release.settled(CHANGE_MS);
    },
  },
  {
    name: 'a volume is wiped',
    always: false,
    run: async (release) => {
      const volume = await volumeOfFollower(release);
      release.lab.volumes.wipe(volume.name);
      await deletePods(release, [volume.pod]);
    },
  },
  {
    name: 'a volume is damaged',
    always: false,
    run: async (release) => {
      const volume = await volumeOfFollower(release);
      release.lab.volumes.damage(volume.name, (file) => file.endsWith('.log'));
      await deletePods(release, [volume.pod]);
    },
  },
  {
    name: 'the API server is away for a minute',
    always: false,
    run: async (release) => {
      await release.lab.faults.apiServerAway(60_000);
      await release.settled(SETTLE_MS);
    },
  },
  {
    name: 'every NATS server is away for two minutes',
    always: false,
    run: async (release) => {
      const before = (await release.members()).map(({ metadata }) => metadata.uid);
      const set = `statefulset/${release.name}-nats`;
      await release.kubectl('scale', set, '--replicas=0');
      await sleep(120_000);
      await release.kubectl('scale', set, '--replicas=3');
      await release.settled(SETTLE_MS);
      const after = (await release.members()).map(({ metadata }) => metadata.uid);
      if (after.join() !== before.join()) throw new Error('A member was made anew for it.');
    },
  },
  {
    name: 'a node is lost for good, with its volume',
    always: false,
    run: async (release) => {
      const pod = await follower(release);
      const worker = await workerOf(release, pod);
      await release.lab.faults.loseWorker(worker);
      await release.kubectl('delete', 'node', worker);
      try {
        await release.settled(CHANGE_MS);
      } finally {
        await release.lab.faults.bootWorker(worker, 'new');
      }
      await release.settled(CHANGE_MS);
    },
  },
];

function memberSelector({ name }: Release): string {
  return `paxos.synod.dev/cluster=${name},app.kubernetes.io/component=member`;
}

async function follower(release: Release): Promise<string> {
  const leader = await release.leader();
  const other = (await release.members()).find(({ metadata }) => metadata.name !== leader);
  if (other === undefined) throw new Error('There is no follower.');
  return other.metadata.name;
}

async function workerOf(release: Release, name: string): Promise<Worker> {
  const pod = (await release.members()).find(({ metadata }) => metadata.name === name);
  const worker = WORKERS.find((each) => each === pod?.spec.nodeName);
  if (worker === undefined) throw new Error(`${name} is on no worker.`);
  return worker;
}

async function volumeOfFollower(release: Release): Promise<{ name: string; pod: string }> {
  const pod = await follower(release);
  return { pod, name: await release.lab.volumes.of(release.namespace, `data-${pod}`) };
}
