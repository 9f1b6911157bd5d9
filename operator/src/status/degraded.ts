import type { MemberRole } from '../../../contract/src/status.ts';
import type { Note } from '../observation/note.ts';
import {
  isBeingDeleted,
  isNamed,
  isTerminating,
  isWell,
  lostBecause,
  placeOf,
  recordedMember,
  type Observation,
  type Place,
} from '../observation/observation.ts';
import { failureOf } from '../observation/pod-failure.ts';
import { isFailed } from '../observation/template.ts';
import { LOST } from '../resources/annotations.ts';
import { available } from './available.ts';
import { missingBackup } from './backup.ts';
import { saying, type Saying } from './condition.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { recoveryRefused } from './refused-recovery.ts';
import { stoppedRoll } from './stopped-roll.ts';
import { isUnheard, type Standing } from '../observation/standing.ts';

/** What is not as it should be, a sentence each. */
export function degraded(seen: Observation, standing: Standing, outcome: Outcome): Saying {
  const { stop, problems } = outcome;
  const rollNote = stoppedRoll(seen);
  const notes = [
    ...(stop ? [stop] : []),
    ...problems,
    ...recoveryRefused(seen, standing),
    ...ignoredSnapshot(seen),
    ...lostMembers(seen, standing),
    ...seen.places.flatMap((place) => ailmentOf(seen, standing, place)),
    ...missingPods(seen),
    ...notAvailable(seen, standing),
    ...(rollNote ? [rollNote] : []),
    ...sharedNodes(seen, standing),
    ...missingBackup(seen.backups),
  ];
  const [first] = notes;
  if (first === undefined) return saying('Degraded', 'False', 'AllWell', 'Nothing is amiss.');
  const message = notes.map((note) => note.message).join(' ');
  return saying('Degraded', 'True', first.reason, message);
}

/** A cluster that has begun takes no snapshot. */
function ignoredSnapshot({ cluster, first }: Observation): Note[] {
  if (cluster.spec.bootstrap?.snapshot === undefined) return [];
  if (typeof first !== 'object' || first.snapshot !== undefined) return [];
  const message =
    'spec.bootstrap.snapshot is ignored: the cluster has begun without it. Take the field away, ' +
    'or restore the snapshot as a new cluster, with another name.';
  return [{ reason: 'SnapshotIgnored', message }];
}

function lostMembers(seen: Observation, { lists }: Standing): Note[] {
  return lists.voters.flatMap((voter): Note[] => {
    const why = lostBecause(seen, voter);
    const place = placeOf(seen, voter);
    if (why !== undefined) {
      const name = place?.name ?? 'A voter';
      return [{ reason: 'MemberLost', message: `${name} lost member ${voter}: ${why}.` }];
    }
    if (place !== undefined) return [];
    const free = seen.places.find(
      ({ status, ...rest }) =>
        !isNamed(lists, status?.member) && !isNamed(lists, recordedMember({ status, ...rest })),
    );
    return [
      {
        reason: 'MemberMissing',
        message:
          `Voter ${voter} has no volume here any more, and does not answer. If it is lost for ` +
          `good, say so: ${sayLost(seen, free?.name ?? '<pod>', voter)}`,
      },
    ];
  });
}

/** Nobody takes commands, though nobody may be ill; or the operator alone is cut off. */
function notAvailable(seen: Observation, standing: Standing): Note[] {
  const { status, reason, message } = available(seen, standing);
  if (standing.isFormed && status !== 'True') return [{ reason, message }];
  if (!standing.isFormed || seen.natsDown === undefined) return [];
  return [{ reason: 'NATSUnreachable', message: `The operator: ${seen.natsDown}` }];
}

/** What a member's alarms are about. */
const reasons: Partial<Record<MemberRole, string>> = {
  damaged: 'MemberDamaged',
  halted: 'MemberHalted',
};

function ailmentOf(seen: Observation, { lists, leader, isFormed }: Standing, place: Place): Note[] {
  const { name, status, pod, waitsFor } = place;
  const failure = failureOf(place, seen.now);
  if (failure !== undefined) return [failure];
  const member = [status?.member, recordedMember(place)].find((id) => isNamed(lists, id));
  if (member !== undefined && isBeingDeleted(place)) {
    const message = `Somebody deleted the volume of ${name}: it goes when its pod stops.`;
    return [{ reason: 'VolumeDeleted', message }];
  }
  const reason = reasons[status?.role ?? 'outsider'] ?? 'Alarm';
  const alarms = (status?.alarms ?? []).map((alarm) => ({ reason, message: `${name}: ${alarm}` }));
  if (alarms.length > 0) return alarms;
  if (waitsFor !== undefined) {
    return [{ reason: 'WaitingForFolder', message: `${name}: ${waitsFor}` }];
  }
  if (member === undefined || !isFormed) return [];
  const say = (reason: string, what: string) => [{ reason, message: `${name} ${what}.` }];
  if (isWell(place, leader)) {
    return isUnheard(member, leader)
      ? say(
          'NotHeard',
          `answers, but ${leader?.name ?? 'the leader'} has not heard it for a minute`,
        )
      : [];
  }
  if (pod === undefined) return say('PodMissing', 'has no pod');
  if (isTerminating(pod)) return say('PodStopping', 'stops');
  if (status === undefined) return say('MemberSilent', 'does not answer');
  if (!status.natsConnected) return say('CutOff', 'does not reach NATS');
  if (isFailed(seen, place)) return say('NotReady', 'runs, and does not become ready');
  return leader === undefined ? [] : say('CatchingUp', 'catches up');
}

/** Pods that Kubernetes does not make: a quota, a policy. */
function missingPods({ warnings, places }: Observation): Note[] {
  const missing = places.find(({ pod }) => pod === undefined);
  const said = warnings.findLast(({ reason }) => reason.startsWith('Failed'));
  if (missing === undefined || said === undefined) return [];
  const reason = said.message.includes('exceeded quota') ? 'QuotaExceeded' : said.reason;
  return [{ reason, message: `${missing.name} is not made: ${said.message}.` }];
}

/** Two voters on one node go down together. */
function sharedNodes(seen: Observation, { lists }: Standing): Note[] {
  const byNode = new Map<string, { name: string; voter: string }[]>();
  for (const voter of lists.voters) {
    const place = placeOf(seen, voter);
    const node = place?.pod?.spec?.nodeName;
    if (place !== undefined && node !== undefined) {
      byNode.set(node, [...(byNode.get(node) ?? []), { name: place.name, voter }]);
    }
  }
  return [...byNode].flatMap(([node, sharing]): Note[] => {
    const [, other] = sharing;
    if (other === undefined) return [];
    const names = sharing.map(({ name }) => name).join(' and ');
    const message =
      `${names} are on one node, ${node}: they would fail, and be drained, together. While ` +
      `everybody is well and another node has room, ${other.name} can begin anew, as a new member ` +
      `with a new volume: ${sayLost(seen, other.name, other.voter)}`;
    return [{ reason: 'SharedNode', message }];
  });
}

/** The command by which a person says that a member is lost for good. */
function sayLost({ cluster }: Observation, pod: string, member: string): string {
  const { name, namespace } = cluster.metadata;
  return (
    `kubectl annotate --overwrite --namespace ${namespace} paxoscluster ${name} ` +
    `${LOST}=${pod}=${member}`
  );
}
