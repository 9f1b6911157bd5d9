import { beginningOf } from '../../../contract/src/beginning.ts';
import {
  isSameFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import { commonSnapshot } from '../../../contract/src/snapshot.ts';
import { isUnfit, type MemberStatus } from '../../../contract/src/status.ts';
import { namesOf } from '../resources/names.ts';
import { act, stop, wait, type Verdict } from '../verdict/action.ts';
import {
  isBeingDeleted,
  isUnbound,
  knownMembers,
  recordedMember,
  replicasOf,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/**
 * Step 4: makes one cluster of the members, or goes on with the one that they belong to. What it
 * began with is written down, once, before any member is told.
 */
export function bootstrap(seen: Observation): Verdict {
  const { first } = seen;
  const { firstConfiguration: map } = namesOf(seen.cluster.metadata.name);
  if (first === 'leaving') {
    return wait(
      'Leaving',
      `The ConfigMap ${map} is deleted with the cluster that was here before.`,
    );
  }
  if (first === 'unreadable') {
    return stop(
      'FirstConfigurationUnreadable',
      `The ConfigMap ${map} was changed, or belongs to something else. Each member that was told ` +
        'has the same text in its data folder; restore it, or delete the ConfigMap: it is made ' +
        'again from what the members say.',
    );
  }
  const told = seen.statuses.flatMap(({ name, firstConfiguration: its }) =>
    its === null ? [] : [{ name, its }],
  );
  const all = [...(first === undefined ? [] : [{ name: `ConfigMap ${map}`, its: first }]), ...told];
  const [one] = all;
  const other = all.find(({ its }) => one && !isSameFirstConfiguration(its, one.its));
  if (one !== undefined && other !== undefined) {
    return stop(
      'TwoClusters',
      `${one.name} is of cluster ${one.its.clusterId}, and ${other.name} is of ` +
        `${other.its.clusterId}. Nothing is changed until one of them is gone.`,
    );
  }
  if (first !== undefined) return tell(seen, first, told.length > 0);
  const [reported] = told;
  return reported === undefined ? begin(seen) : adopt(seen, reported.its);
}

/** Somebody belongs to a cluster already, whose ConfigMap is missing. */
function adopt(seen: Observation, first: FirstConfiguration): Verdict {
  const silent = silentVolumes(seen);
  // Who leads speaks for a quorum.
  if (silent.length > 0 && knownMembers(seen).leader === undefined) return waitFor(silent);
  return act(
    { type: 'adopt', first },
    'Adopting',
    `The members belong to cluster ${first.clusterId} already: it goes on.`,
  );
}

/** Nobody has been told anything yet. */
function begin(seen: Observation): Verdict {
  const { spec, status } = seen.cluster;
  const damaged = seen.places.find(({ status }) => status && isUnfit(status.role));
  if (damaged !== undefined) {
    return stop(
      'DamagedMember',
      `${damaged.name} belonged to a cluster, but no longer knows which one: ` +
        `${damaged.status?.alarms.join(' ') ?? ''} No new cluster is made of it.`,
    );
  }
  const silent = silentVolumes(seen);
  if (silent.length > 0) return waitFor(silent);
  if (status?.clusterId !== undefined) return vanished(`cluster ${status.clusterId}`);
  const emptied = seen.places.find((place) => recordedMember(place) !== undefined);
  if (emptied !== undefined) {
    const { name } = emptied;
    return vanished(`the cluster of ${name} (member ${recordedMember(emptied) ?? ''})`);
  }
  const leaving = seen.places.find(isBeingDeleted);
  if (leaving !== undefined) {
    return wait('Leaving', `Waits until the old volume of ${leaving.name} is gone.`);
  }
  if (replicasOf(seen) < spec.replicas) {
    const message = `${spec.replicas} members are needed to begin.`;
    return act({ type: 'scale', replicas: spec.replicas }, 'Starting', message);
  }
  const members: MemberStatus[] = [];
  for (let ordinal = 0; ordinal < spec.replicas; ordinal += 1) {
    const said = seen.places[ordinal]?.status;
    if (said === undefined) return waitForPod(namesOf(seen.cluster.metadata.name).pod(ordinal));
    members.push(said);
  }
  const snapshot = commonSnapshot(members);
  if (typeof snapshot === 'string') return stop('SnapshotsDiffer', snapshot);
  if (snapshot === undefined && spec.bootstrap?.snapshot !== undefined) return notRestored(seen);
  const beginning = beginningOf(members);
  if (typeof beginning === 'string') return stop('MachinesDiffer', beginning);
  const ids = members.map(({ member }) => member);
  const message = `Makes one cluster of ${members.length} members.`;
  return act({ type: 'begin', members: ids, ...beginning }, 'Forming', message);
}

/** The members were there before they were asked to begin with a snapshot. */
function notRestored({ cluster: { metadata } }: Observation): Verdict {
  return stop(
    'SnapshotMissing',
    'The cluster is to begin with spec.bootstrap.snapshot, and its members hold none: they ran ' +
      'before, and what is in a volume stays. Take the field away to begin without it; or delete ' +
      `this PaxosCluster and the volumes of ${metadata.name}, and create it again.`,
  );
}

/** Those that it names have to hear of it; everybody else is added later, one by one. */
function tell(seen: Observation, first: FirstConfiguration, anybodyKnows: boolean): Verdict {
  const named = seen.statuses.filter(({ member }) => first.members.includes(member));
  const untold = named.filter(({ role }) => role === 'unformed');
  if (untold.length > 0) {
    const names = untold.map(({ name }) => name).join(', ');
    const members = untold.map(({ member }) => member);
    return act({ type: 'form', members, first }, 'Forming', `Tells ${names} of the cluster.`);
  }
  if (anybodyKnows || named.length > 0) return undefined;
  const silent = silentVolumes(seen);
  if (silent.length > 0) return waitFor(silent);
  const absent = seen.places.find(({ status }) => status === undefined);
  if (absent !== undefined) return waitForPod(absent.name);
  return vanished(`cluster ${first.clusterId}`);
}

/** @param old which cluster is gone */
function vanished(old: string): Verdict {
  return stop(
    'VolumesVanished',
    `The members of ${old} are all gone, and with them its data: every volume has a blank ` +
      'member. No new cluster is made in its place. Bring the volumes back; or, to begin anew ' +
      'without the data, delete this PaxosCluster, its first configuration and its volumes, and ' +
      'create it again.',
  );
}

/** Volumes whose members have not said yet to which cluster they belong. */
function silentVolumes({ places }: Observation): readonly Place[] {
  return places.filter(
    (place) => place.volume !== undefined && !isUnbound(place) && place.status === undefined,
  );
}

function waitFor(silent: readonly Place[]): Verdict {
  const names = silent.map(({ volume, lost }) => {
    const name = volume?.metadata?.name ?? '';
    return lost === undefined ? name : `${name} (${lost}: if it is to be forgotten, delete it)`;
  });
  return wait(
    'WaitingForMembers',
    `Waits until the members on ${names.join(', ')} have said to which cluster they belong.`,
  );
}

function waitForPod(name: string): Verdict {
  return wait('WaitingForMembers', `Waits for the member of pod ${name}.`);
}
