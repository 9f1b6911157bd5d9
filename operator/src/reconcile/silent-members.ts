import { majorityOf } from '../../../contract/src/majority.ts';
import { act, type Verdict } from '../verdict/action.ts';
import {
  containerOf,
  decided,
  isBeingDeleted,
  isRunning,
  isTerminating,
  isWell,
  placeOf,
  recordedMember,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/** Who has just started was silent before, too. The patience of the kubelet itself is as long. */
const STARTING_MS = 60_000;

/**
 * A process that runs and does nothing, and of which the kubelet does not notice it: its pod is
 * made anew. Two eyes have to see that it is silent. One is the operator's: it does not answer at
 * its address, nor over NATS. The other is a quorum's: the leader has not heard it for a minute,
 * and leads because it hears a quorum, each of which says to the operator itself that it is well.
 * (Followers do not hear one another: only their leader knows who is silent.) So the cluster goes
 * on without that member already, and its restart costs no vote.
 */
export function restartSilent(seen: Observation): Verdict {
  const known = decided(seen);
  if (known === undefined || !hasQuorum(seen, known)) return undefined;
  for (const place of seen.places) {
    const member = recordedMember(place);
    if (member === undefined || !known.leader.unheard.includes(member)) continue;
    if (!isSilent(seen, place, member)) continue;
    const message =
      `${place.name} runs, but it answers nobody, and ${known.leader.name} has not heard it for a ` +
      'minute: it is restarted.';
    return act({ type: 'delete-pod', place }, 'RestartingSilent', message);
  }
  return undefined;
}

/** Whom the leader hears, and the operator finds well. */
function hasQuorum(seen: Observation, { lists, leader }: Decided): boolean {
  const near = lists.voters.filter(
    (voter) => isWell(placeOf(seen, voter), leader) && !leader.unheard.includes(voter),
  );
  return near.length >= majorityOf(lists.voters.length);
}

function isSilent({ statuses, now }: Observation, place: Place, member: string): boolean {
  const { pod, name, isOnNode, waitsFor } = place;
  if (statuses.some((status) => status.name === name || status.member === member)) return false;
  if (pod === undefined || isTerminating(pod) || !isRunning(pod)) return false;
  // It is not silent: it says what it waits for. And who reads a large state says nothing yet.
  if (waitsFor !== undefined || containerOf(pod)?.started === false) return false;
  // Its volume would go with the pod. And where no kubelet is, nothing would be restarted.
  if (isBeingDeleted(place) || !isOnNode) return false;
  const { startedAt } = containerOf(pod)?.state?.running ?? {};
  return now - new Date(startedAt ?? now).getTime() >= STARTING_MS;
}
