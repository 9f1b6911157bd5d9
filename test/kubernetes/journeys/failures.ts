import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { WORKERS, type Worker } from '../lab/addresses.ts';
import { until } from '../lab/deadline.ts';
import { CHANGE_MS, SETTLE_MS, type Journey } from './journey.ts';
import type { Load } from './load.ts';
import type { Release } from './release.ts';

/* What fails, or is taken away. */

async function deletePods(release: Release, names: readonly string[]): Promise<void> {
  const before = new Map(
    (await release.members()).map(({ metadata }) => [metadata.name, metadata.uid]),
  );
  await release.kubectl('delete', 'pod', '--wait=false', ...names);
  await until(`${names.join(', ')} were new pods`, SETTLE_MS, async () => {
    const now = await release.members();
    return names.every((name) => {
      const pod = now.find(({ metadata }) => metadata.name === name);
      return pod !== undefined && pod.metadata.uid !== before.get(name);
    });
  });
  await release.settled(SETTLE_MS);
}

async function deleteEachThenAll(release: Release): Promise<void> {
  const names = (await release.members()).map(({ metadata }) => metadata.name);
  for (const name of names) await deletePods(release, [name]);
  await deletePods(release, names.slice(0, 2));
  await deletePods(release, names);
}

async function killLeaders(release: Release): Promise<void> {
  for (let n = 0; n < 20; n += 1) {
    const before = await startsOf(release);
    await release.kill(await release.leader());
    await until(
      'it had started again',
      SETTLE_MS,
      async () => (await startsOf(release)) !== before,
    );
    await release.settled(SETTLE_MS);
  }
}

/** Writes after which a copy of a volume is an old one. */
const VOTED_SINCE = 200;

/** It holds its port, and answers nobody. */
async function hang(release: Release): Promise<void> {
  const before = await startsOf(release);
  const { lab, namespace } = release;
  await lab.faults.signalPod({ namespace, pod: await follower(release) }, 'SIGSTOP');
  await until('it had started again', SETTLE_MS, async () => (await startsOf(release)) !== before);
  await release.settled(SETTLE_MS);
}

const WAITS = 'It waits until the folder is free.';
const OPENED = 'data opened';

/**
 * A second container on the volume of a member, as where a pod was deleted by force and its process
 * goes on. It waits; then it is the member, and the first one waits.
 */
async function shareVolume(release: Release): Promise<void> {
  const pod = await follower(release);
  const member = await release.memberIn(pod);
  const twin = `${pod}-twin`;
  const says = (name: string, what: string) =>
    until(`${name} said: ${what}`, SETTLE_MS, async () =>
      (await release.kubectl('logs', name)).includes(what),
    );
  await release.kubernetes.kubectl.apply([twinOf(await release.get<V1Pod>('pod', pod), twin)]);
  try {
    await says(twin, WAITS);
    if ((await release.kubectl('logs', twin)).includes(OPENED)) throw new Error(`${twin} is in.`);
    await release.kill(pod);
    await says(twin, OPENED);
    await says(pod, WAITS);
  } finally {
    await release.kubectl('delete', 'pod', twin);
  }
  await release.settled(SETTLE_MS);
  const now = await release.memberIn(pod);
  if (now !== member) throw new Error(`${pod} has the member ${now}, and had ${member}.`);
}

/** On the same node, under the same name for the others, with the rights of a client in NATS. */
function twinOf({ metadata, spec }: V1Pod, name: string): object {
  const labels = { 'paxos.synod.dev/nats-client': 'true' };
  const containers = spec?.containers.map(({ env = [], ...rest }) => ({
    ...rest,
    env: [
      ...env.filter((each) => each.name !== 'SYNOD_NAME'),
      { name: 'SYNOD_NAME', value: metadata?.name },
    ],
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: metadata?.namespace, labels },
    spec: { ...spec, containers },
  };
}

/** Its member's volume is there alone: it comes back when the node does. */
async function drainEach(release: Release): Promise<void> {
  const how = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=80s'];
  for (const worker of WORKERS) {
    await release.kubectl('drain', worker, '--pod-selector', release.memberSelector, ...how);
    await sleep(5_000);
    await release.kubectl('uncordon', worker);
    await release.settled(SETTLE_MS);
  }
}

async function stopNode(release: Release): Promise<void> {
  const worker = await workerOf(release, await release.leader());
  await release.lab.faults.stopNode(worker);
  await sleep(120_000);
  await release.lab.faults.startNode(worker);
  await release.settled(CHANGE_MS);
}

async function loseNode(release: Release, load: Load): Promise<void> {
  const pod = await follower(release);
  const [worker, member] = [await workerOf(release, pod), await release.memberIn(pod)];
  await release.lab.faults.loseWorker(worker);
  await release.kubectl('delete', 'node', worker);
  try {
    await replaced(release, pod, member);
  } finally {
    // It gets all images again, which keeps the disk busy that members sync to, too.
    await load.unmeasured(async () => {
      await release.lab.faults.bootWorker(worker, 'new');
      await release.lab.volumes.renew();
    });
  }
  await release.settled(CHANGE_MS);
  await spread(release);
}

/** As a person would, where two are on one node: one of them is made anew, where there is room. */
async function spread(release: Release): Promise<void> {
  const leader = await release.leader();
  const name = (await crowded(release)).find((pod) => pod !== leader);
  if (name === undefined) return;
  const member = await release.memberIn(name);
  const lost = `paxos.synod.dev/lost=${name}=${member}`;
  await release.kubectl('annotate', '--overwrite', 'paxoscluster', release.name, lost);
  await replaced(release, name, member);
  const left = await crowded(release);
  if (left.length > 0) throw new Error(`${left.join(', ')} share a node yet.`);
}

/** The members that share a node with another one. */
async function crowded(release: Release): Promise<string[]> {
  const pods = await release.members();
  const nodes = pods.map(({ spec }) => spec.nodeName);
  const isAlone = (node: string | undefined) =>
    node !== undefined && nodes.filter((each) => each === node).length === 1;
  return pods.filter(({ spec }) => !isAlone(spec.nodeName)).map(({ metadata }) => metadata.name);
}

async function wipeVolume(release: Release): Promise<void> {
  const pod = await follower(release);
  const member = await release.memberIn(pod);
  release.lab.volumes.wipe(await release.volumeOf(pod));
  await release.kubectl('delete', 'pod', '--wait=false', pod);
  await replaced(release, pod, member);
}

async function damageVolume(release: Release): Promise<void> {
  const pod = await follower(release);
  const [member, volume] = [await release.memberIn(pod), await release.volumeOf(pod)];
  release.lab.volumes.damage(volume, (file) => file.endsWith('.log'));
  await release.kubectl('delete', 'pod', '--wait=false', pod);
  await replaced(release, pod, member);
}

/** As from a snapshot of the volume: it has voted since, and others have heard of it. */
async function rollVolumeBack(release: Release, load: Load): Promise<void> {
  const { lab, namespace } = release;
  const pod = await follower(release);
  const [member, volume] = [await release.memberIn(pod), await release.volumeOf(pod)];
  const worker = await workerOf(release, pod);
  await lab.faults.signalPod({ namespace, pod }, 'SIGSTOP');
  await lab.volumes.snapshot(volume);
  await lab.faults.signalPod({ namespace, pod }, 'SIGCONT');
  await load.writesMore(VOTED_SINCE);
  await release.kubectl('cordon', worker);
  try {
    await release.kubectl('delete', 'pod', pod);
    await lab.volumes.putBack(volume);
  } finally {
    await release.kubectl('uncordon', worker);
  }
  await replaced(release, pod, member);
}

async function replaced(release: Release, pod: string, member: string): Promise<void> {
  await until(`${pod} had another member than ${member}`, CHANGE_MS, async () => {
    const now = await release.memberIn(pod);
    return now !== '' && now !== member;
  });
  await release.settled(CHANGE_MS);
}

async function natsOneByOneThenAll(release: Release): Promise<void> {
  const servers = (await release.natsServers()).map(({ metadata }) => metadata.name);
  for (const names of [...servers.map((name) => [name]), servers]) {
    await release.kubectl('delete', 'pod', ...names);
    await release.natsIsUp();
  }
  await release.settled(SETTLE_MS);
}

async function natsAway(release: Release): Promise<void> {
  const before = await startsOf(release);
  await release.scaleNats(0);
  await sleep(120_000);
  await release.scaleNats(3);
  await release.natsIsUp();
  await release.settled(SETTLE_MS);
  const after = await startsOf(release);
  if (after !== before) throw new Error(`Members restarted for it: ${before}; ${after}`);
}

/** Another text after any member was made anew, or its process started again. */
async function startsOf(release: Release): Promise<string> {
  const starts = (await release.members()).map(({ metadata, status }) => {
    const restarts = status.containerStatuses?.map(({ restartCount }) => restartCount) ?? [];
    return `${metadata.uid} ${restarts.join()}`;
  });
  return starts.join(', ');
}

export const failures: readonly Journey[] = [
  {
    name: 'delete the leader',
    always: true,
    run: async (release) => deletePods(release, [await release.leader()]),
  },
  { name: 'delete each pod, then two, then all', always: false, run: deleteEachThenAll },
  { name: 'kill -9 of the leader’s process, 20 times', always: false, run: killLeaders },
  { name: 'the process of a follower hangs', always: false, isLong: true, run: hang },
  { name: 'each node is drained in turn', always: false, run: drainEach },
  {
    name: 'kubelet and containerd of a node are stopped for two minutes',
    always: false,
    isLong: true,
    run: stopNode,
  },
  { name: 'a node is lost for good, with its volume', always: false, run: loseNode },
  { name: 'two containers on one volume: the second waits', always: false, run: shareVolume },
  { name: 'a volume is wiped', always: false, run: wipeVolume },
  { name: 'a volume is damaged', always: false, run: damageVolume },
  { name: 'a volume is put back from an older copy', always: false, run: rollVolumeBack },
  {
    name: 'the API server is away for a minute',
    always: false,
    isLong: true,
    restartsApiServer: true,
    run: async (release) => {
      await release.lab.faults.apiServerAway(60_000);
      await release.settled(SETTLE_MS);
    },
  },
  { name: 'each NATS server in turn, then all', always: false, run: natsOneByOneThenAll },
  {
    name: 'every NATS server is away for two minutes',
    always: false,
    isLong: true,
    run: natsAway,
  },
];

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
