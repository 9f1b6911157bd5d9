import type {
  V1ConfigMap,
  V1ContainerStatus,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
} from '@kubernetes/client-node';
import { membersOf, type Members } from '../../../client/src/members.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { MemberLists } from '../../../contract/src/membership.ts';
import { hasRoles, isUnfit, type MemberStatus } from '../../../contract/src/status.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Figure } from '../api/status.ts';
import { LOST, MEMBER } from '../resources/annotations.ts';
import { CONTAINER, RESTORER } from '../resources/names.ts';
import type { Backups } from './backups.ts';
import type { Warning } from '../ports.ts';

/** Where a member runs, or did: a pod and its volume, either of which may be missing. */
export interface Place {
  readonly ordinal: number;
  /** The pod's. */
  readonly name: string;
  readonly pod: V1Pod | undefined;
  readonly volume: V1PersistentVolumeClaim | undefined;
  /** What the member says of itself, at the pod's own address or else over NATS. */
  readonly status: MemberStatus | undefined;
  /** It said so at the pod's own address. */
  readonly isSeen: boolean;
  /** What the process in the pod waits for, that has no data folder yet. */
  readonly waitsFor: string | undefined;
  /** Why what is in the volume is lost for good; of a silent member. */
  readonly lost: string | undefined;
  /** Its pod is on a node that reports; looked at only when it is silent. */
  readonly isOnNode: boolean;
  /** Of a pod that does not run, and of why. */
  readonly warnings: readonly Warning[];
}

/** All that one reconciliation knows. Decisions are functions of it. */
export interface Observation {
  readonly cluster: PaxosCluster;
  readonly statefulSet: V1StatefulSet | undefined;
  /** Of the newest template; `undefined` while Kubernetes has not looked at it yet. */
  readonly revision: string | undefined;
  /** In the order of their ordinals, without gaps. */
  readonly places: readonly Place[];
  readonly map: V1ConfigMap | undefined;
  /** In the ConfigMap; `leaving` with a cluster of the same name that was deleted. */
  readonly first: FirstConfiguration | 'unreadable' | 'leaving' | undefined;
  /** Everybody who answers, by either way. */
  readonly statuses: readonly MemberStatus[];
  /** Of its snapshots; `undefined` when nobody saves any. */
  readonly backups: Backups | undefined;
  /** How far the logs of members go, as far as the operator heard. */
  readonly figures: readonly Figure[];
  /** Why the operator itself does not reach NATS. */
  readonly natsDown: string | undefined;
  /** Of the StatefulSet, when pods are missing. */
  readonly warnings: readonly Warning[];
  readonly now: number;
}

/** There is a cluster, or was one: nothing that is there begins with a snapshot any more. */
export function hasBegun({ cluster, first, statuses }: Observation): boolean {
  const isWritten = first !== undefined && first !== 'leaving';
  const isKnown = statuses.some(({ clusterId }) => clusterId !== null);
  return isWritten || isKnown || cluster.status?.clusterId !== undefined;
}

/** A configuration that may be acted upon. */
export interface Decided {
  readonly lists: MemberLists;
  readonly leader: MemberStatus;
}

/** What members say of the configuration, by whomever it is known best. */
export function knownMembers({ statuses }: Observation): Members {
  return membersOf(statuses);
}

/**
 * The newest configuration, as an active leader has it whom the operator can ask.
 * @returns `undefined` when there is none: then nothing of the membership may be touched
 */
export function decided(seen: Observation): Decided | undefined {
  if (seen.natsDown !== undefined) return undefined;
  const { leader, lists } = knownMembers(seen);
  if (leader === undefined) return undefined;
  // Whoever knows a newer one has heard of another leader.
  const isNewest = seen.statuses.every(({ configuration }) => configuration <= lists.number);
  return isNewest ? { lists, leader } : undefined;
}

/** The pods that the StatefulSet is told to have. */
export function replicasOf({ statefulSet }: Observation): number {
  return statefulSet?.spec?.replicas ?? 0;
}

/** The member that a configuration named with this volume. */
export function recordedMember({ volume }: Place): string | undefined {
  return volume?.metadata?.annotations?.[MEMBER];
}

/**
 * Where that member runs, or has its volume. Where a volume was copied, it may run twice: then it
 * is the one that has not given up its roles, else the one whose volume is noted to be that
 * member's, also while that one is silent.
 */
export function placeOf({ places }: Observation, member: string): Place | undefined {
  const noted = (place: Place): boolean => recordedMember(place) === member;
  const running = places.filter((place) => place.status?.member === member);
  const fit = running.filter(({ status }) => status && !isUnfit(status.role));
  return fit.find(noted) ?? fit[0] ?? running.find(noted) ?? places.find(noted) ?? running[0];
}

/** A copy of a member that answers elsewhere runs there. It has no vote, and says so itself. */
export function isIdleCopy(seen: Observation, place: Place): boolean {
  const { status, isSeen } = place;
  if (status === undefined || !isSeen || !isUnfit(status.role)) return false;
  const own = placeOf(seen, status.member);
  return own !== place && own?.status?.member === status.member;
}

/** Other places where a process runs under the id of a member. */
export function copiesOf({ places }: Observation, member: string, own: Place): readonly Place[] {
  return places.filter((place) => place !== own && place.status?.member === member);
}

export function isNamed({ voters, learners }: MemberLists, member: string | undefined): boolean {
  return member !== undefined && (voters.includes(member) || learners.includes(member));
}

/** It has applied what the leader had when both were asked, but for what is in flight. */
export function isCaughtUp(status: MemberStatus, leader: MemberStatus | undefined): boolean {
  return leader !== undefined && status.slotOut + leader.window >= leader.slotOut;
}

/** It answers, serves, and keeps up: one that others may lean on while they are restarted. */
export function isWell(place: Place | undefined, leader: MemberStatus | undefined): boolean {
  if (place?.status === undefined || isTerminating(place.pod)) return false;
  const { role, ready, natsConnected } = place.status;
  return hasRoles(role) && ready && natsConnected && isCaughtUp(place.status, leader);
}

/** It does not reach NATS, which the operator does. */
export function isCutOff({ natsDown }: Observation, { status }: Place): boolean {
  return status?.natsConnected === false && natsDown === undefined;
}

/** Since when it was at each look, by what was written down then; another member was not. */
export function cutOffSinceOf({ cluster }: Observation, place: Place): string | undefined {
  const { name, status } = place;
  const row = cluster.status?.members?.find((each) => each.name === name);
  return row !== undefined && row.id === status?.member ? row.cutOffSince : undefined;
}

/** Why a member is lost for good: a node's fate, or a person's word. Never a timer. */
export function lostBecause(seen: Observation, member: string): string | undefined {
  const { annotations } = seen.cluster.metadata;
  const place = placeOf(seen, member);
  const said = declaredLost(annotations?.[LOST]).find((each) => each.member === member);
  if (said !== undefined && (place === undefined || place.name === said.pod)) {
    return `the annotation ${LOST} says so`;
  }
  if (place?.isSeen === true) {
    const { status } = place;
    if (status?.member !== member) {
      return `its volume has another member now, ${status?.member ?? ''}`;
    }
    return unfitBecause(status);
  }
  return place?.status === undefined ? place?.lost : undefined;
}

/** Of two processes of one id the other one goes, and this one is restarted: see twins.ts. */
function unfitBecause({ role, haltedBy }: MemberStatus): string | undefined {
  if (role === 'damaged') return 'it found its data damaged';
  return role === 'halted' && haltedBy !== 'twin' ? 'it halted' : undefined;
}

/** The pod where a member takes the place of one that is lost. */
export function successorPlace(seen: Observation, member: string): Place | undefined {
  const said = declaredLost(seen.cluster.metadata.annotations?.[LOST]);
  const named = said.find((each) => each.member === member)?.pod;
  const place = placeOf(seen, member) ?? seen.places.find(({ name }) => name === named);
  const isAnother = place?.isSeen === true && place.status?.member !== member;
  const isFit = place?.status !== undefined && !isUnfit(place.status.role);
  const isSound = isFit && !isBeingDeleted(place);
  return isAnother && isSound ? place : undefined;
}

/** @returns each pod with the id of its member, as in `synod-1=5f0c…` */
function declaredLost(text = ''): readonly { readonly pod: string; readonly member: string }[] {
  return text.split(',').flatMap((pair) => {
    const [pod, member, ...more] = pair.trim().split('=');
    const isWhole = pod !== undefined && member !== undefined && more.length === 0;
    return isWhole ? [{ pod, member }] : [];
  });
}

export function isTerminating(pod: V1Pod | undefined): boolean {
  return pod?.metadata?.deletionTimestamp !== undefined;
}

export function isBeingDeleted({ volume }: Place): boolean {
  return volume?.metadata?.deletionTimestamp !== undefined;
}

/** It never was on a disk: nothing can be in it. */
export function isUnbound({ volume }: Place): boolean {
  return volume !== undefined && volume.spec?.volumeName === undefined;
}

/** What ran before the member, in a cluster that is to begin with a snapshot. */
export function restorerOf(pod: V1Pod): V1ContainerStatus | undefined {
  return pod.status?.initContainerStatuses?.find(({ name }) => name === RESTORER);
}

export function containerOf(pod: V1Pod): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER);
}

export function isRunning(pod: V1Pod): boolean {
  return containerOf(pod)?.state?.running !== undefined;
}

export function ageMs(pod: V1Pod, now: number): number {
  return now - new Date(pod.metadata?.creationTimestamp ?? now).getTime();
}

/** @returns `undefined` while Kubernetes has not looked at the newest template yet */
export function newestRevision({ metadata, status }: V1StatefulSet): string | undefined {
  const isCurrent = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? Infinity);
  return isCurrent ? status?.updateRevision : undefined;
}

export function revisionOf(pod: V1Pod): string | undefined {
  return pod.metadata?.labels?.['controller-revision-hash'];
}
