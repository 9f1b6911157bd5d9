import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../lab/deadline.ts';
import { CHANGE_MS, SETTLE_MS, type Journey } from './journey.ts';
import { Load } from './load.ts';
import type { Release } from './release.ts';

/*
 * How a cluster begins, and that it does not begin anew by itself: with a release of its own,
 * beside the one under load.
 */

const VALUES = [
  'image.tag=lab',
  'cluster.machine=counter',
  'cluster.storage.size=1Gi',
  'nats.replicas=1',
];
/** Of writes before the quorum is lost. */
const WRITE_MS = 5_000;

async function withAnother(
  release: Release,
  work: (other: Release) => Promise<void>,
): Promise<void> {
  const other = release.beside('synod-other', 'other', VALUES);
  try {
    await work(other);
  } catch (error) {
    throw new Error(await other.report(), { cause: error });
  } finally {
    await other.clear();
  }
}

/** The operator is killed once there are pods, and again once some members may know the cluster. */
async function interrupted(release: Release): Promise<void> {
  const moments = ['statefulset', 'configmap'];
  await withAnother(release, async (other) => {
    const install = other.install();
    for (const kind of moments) {
      await until(`there was a ${kind} of members`, SETTLE_MS, async () => {
        const label = `paxos.synod.dev/cluster=${other.name}`;
        return (await other.kubectl('get', kind, '--selector', label, '--output=name')) !== '';
      });
      await other.replaceOperators();
    }
    await install;
    await other.settled(CHANGE_MS);
  });
}

async function vanished(release: Release): Promise<void> {
  await withAnother(release, async (other) => {
    await other.install();
    await other.settled(SETTLE_MS);
    const { status } = await other.cluster();
    for (const { metadata } of await other.members()) {
      other.lab.volumes.wipe(await other.volumeOf(metadata.name));
    }
    await other.kubectl('delete', 'pod', '--selector', other.memberSelector);
    await other.says('Progressing', 'False VolumesVanished', CHANGE_MS);
    const { status: now } = await other.cluster();
    const roles = now?.members?.map(({ role }) => role).join() ?? '';
    if (now?.clusterId !== status?.clusterId || roles !== 'unformed,unformed,unformed') {
      throw new Error(`Another cluster was made of blank members: ${JSON.stringify(now)}`);
    }
  });
}

/** Two of three were emptied: a person has a new cluster made of what the third one has. */
async function recovered(release: Release): Promise<void> {
  await withAnother(release, async (other) => {
    await other.install();
    await other.settled(SETTLE_MS);
    const before = await Load.start(other);
    await sleep(WRITE_MS);
    await before.stop();
    const survivor = await other.leader();
    const [member, { status }] = [await other.memberIn(survivor), await other.cluster()];
    const all = (await other.members()).map(({ metadata }) => metadata.name);
    const emptied = all.filter((name) => name !== survivor);
    for (const pod of emptied) other.lab.volumes.wipe(await other.volumeOf(pod));
    await other.kubectl('delete', 'pod', ...emptied);
    await other.says('QuorumLost', 'True TooFewVoters', CHANGE_MS);
    const clusterId = status?.clusterId;
    await other.patch({ spec: { recovery: { clusterId, member } } });
    await until('there was a new cluster', CHANGE_MS, async () => {
      const { status: now } = await other.cluster();
      return now?.clusterId !== undefined && now.clusterId !== clusterId;
    });
    await other.settled(CHANGE_MS);
    const after = await Load.start(other);
    const complaints = await after.compare(before.registers);
    await after.stop();
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  });
}

/**
 * Everything is lost but the backups: the same release comes back, and its cluster begins with one.
 * What was written before it was saved is there.
 */
async function restored(release: Release): Promise<void> {
  const backups = ['backup.enabled=true', 'backup.storage.size=1Gi'];
  await withAnother(release, async (other) => {
    await other.install();
    await other.upgrade(...backups);
    await other.settled(SETTLE_MS);
    const before = await Load.start(other);
    await sleep(WRITE_MS);
    await before.stop();
    const path = await saved(other);
    await until('the status had the time of the backup', SETTLE_MS, async () => {
      return (await other.cluster()).status?.backup?.lastGoodTime !== undefined;
    });
    const { status } = await other.cluster();

    await other.uninstall();
    const label = `--selector=paxos.synod.dev/cluster=${other.name}`;
    await other.kubectl('delete', 'persistentvolumeclaim,configmap', label);
    const claimName = `${other.name}-backups`;
    const named = { claimName, path: 'nothing.snapshot' };
    const values = Object.entries(named).map(
      ([key, value]) => `cluster.bootstrap.snapshot.${key}=${value}`,
    );
    const again = other.beside(other.name, other.namespace, [...VALUES, ...backups, ...values]);
    await again.install();
    await again.says('Degraded', 'True RestoreFailed', SETTLE_MS);
    await again.patch({ spec: { bootstrap: { snapshot: { claimName, path } } } });
    await until('there was another cluster', CHANGE_MS, async () => {
      const { status: now } = await again.cluster();
      return now?.clusterId !== undefined && now.clusterId !== status?.clusterId;
    });
    await until('all were ready', CHANGE_MS, async () => {
      const { status: now } = await again.cluster();
      return now?.readyMembers === 3 && now.voters === 3;
    });
    const after = await Load.start(again);
    const complaints = await after.compare(before.registers);
    await after.writesMore(100);
    await after.stop();
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  });
}

/** Has one more saved, at once; @returns its name */
async function saved(other: Release): Promise<string> {
  const [job, cronJob] = ['backup-now', `${other.name}-backup`];
  await other.kubectl('create', 'job', `--from=cronjob/${cronJob}`, job);
  await other.kubectl('wait', `job/${job}`, '--for=condition=Complete', '--timeout=80s');
  const log = await other.kubectl('logs', `job/${job}`);
  const [, name] = /\/backups\/(\S+\.snapshot): slot \d+, .*It was checked\./.exec(log) ?? [];
  if (name === undefined) throw new Error(`The job does not say what it saved: ${log}`);
  return name;
}

export const beginnings: readonly Journey[] = [
  {
    name: 'two bootstraps that are interrupted half-way',
    always: false,
    isLong: true,
    run: async (release) => {
      await interrupted(release);
      await interrupted(release);
    },
  },
  {
    name: 'all volumes of another cluster vanish',
    always: false,
    isLong: true,
    run: vanished,
  },
  {
    name: 'another cluster is recovered from a lost quorum',
    always: false,
    isLong: true,
    run: recovered,
  },
  {
    name: 'another cluster is lost, and begins with a backup',
    always: false,
    isLong: true,
    run: restored,
  },
];
