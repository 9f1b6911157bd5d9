import type { MemberStatus } from '../../../contract/src/status.ts';
import type { RecoveryRequest } from '../../../contract/src/recovery.ts';
import { storedCondition } from '../status/condition.ts';
import { isRefused, recoveredClusterId } from '../observation/recovery.ts';
import { isQuorumLost } from '../observation/standing.ts';
import { act, stop, wait, type Verdict } from '../verdict/action.ts';
import { recordedMember, type Observation } from '../observation/observation.ts';

const LASTING_MS = 60_000;

/**
 * Deliberate recovery, when a person has named the cluster whose quorum is lost for good and the
 * survivor whose data is to go on. The survivor begins a new cluster alone, the others come to it
 * blank, one by one, in the steps that follow; whoever does not answer is left as it is. Every look
 * finds how far it has come from what members and objects say, so it may stop anywhere.
 */
export function recover(seen: Observation): Verdict {
  const { recovery } = seen.cluster.spec;
  if (recovery === undefined) return undefined;
  const request = { clusterId: recovery.clusterId, newClusterId: recoveredClusterId(recovery) };
  const of = (clusterId: string) =>
    seen.statuses.filter((status) => status.clusterId === clusterId);
  const old = of(request.clusterId);
  const [begun] = of(request.newClusterId);
  if (begun === undefined) return begin(seen, request, recovery.member, old);
  return moveOn(seen, request, begun) ?? setAside(request, old);
}

/** Nothing is done unless the quorum has been lost for a while, and the survivor answers. */
function begin(
  seen: Observation,
  request: RecoveryRequest,
  member: string,
  old: readonly MemberStatus[],
): Verdict {
  const { first } = seen;
  const isOther = typeof first === 'object' && first.clusterId !== request.clusterId;
  if (old.length === 0 || isOther || !isQuorumLost(seen)) return undefined;
  if (isRefused(seen.cluster, { clusterId: request.clusterId, member })) return undefined;
  if (!hasLasted(seen)) {
    const message = `Recovers cluster ${request.clusterId} once its quorum was lost for a minute.`;
    return wait('WaitingToRecover', message);
  }
  const survivor = old.find((each) => each.member === member);
  if (survivor === undefined || !survivor.natsConnected) {
    return wait(
      'WaitingForSurvivor',
      `spec.recovery names member ${member}, which does not answer: nothing is recovered.`,
    );
  }
  return act(
    { type: 'recover', member, request },
    'Recovering',
    `Makes a new cluster of what ${survivor.name} (member ${member}) has, below slot ` +
      `${survivor.slotOut}, because the quorum of cluster ${request.clusterId} is lost for good.`,
  );
}

/** A quorum that was only away for a moment is back by then. */
function hasLasted({ cluster, now }: Observation): boolean {
  const lost = storedCondition(cluster, 'QuorumLost');
  return lost?.status === 'True' && now - Date.parse(lost.lastTransitionTime) >= LASTING_MS;
}

/** What the operator has written down is of the old cluster: it is of the new one from now on. */
function moveOn(seen: Observation, request: RecoveryRequest, begun: MemberStatus): Verdict {
  const { first, map } = seen;
  if (first === 'leaving' || first === 'unreadable' || begun.firstConfiguration === null) {
    return undefined;
  }
  if (first !== undefined && first.clusterId !== request.clusterId) return undefined;
  // Whom a volume had belonged to the old cluster: no volume may go for that.
  const noted = seen.places.find((place) => recordedMember(place) !== undefined);
  if (noted !== undefined) {
    const message = `The note on the volume of ${noted.name} is of the old cluster: it goes.`;
    return act({ type: 'forget-member', place: noted }, 'Recovering', message);
  }
  const { clusterId } = begun.firstConfiguration;
  if (map !== undefined) {
    const message = `What cluster ${request.clusterId} began with is of no use in ${clusterId}.`;
    return act({ type: 'forget-first', map }, 'Recovering', message);
  }
  const message = `${begun.name} has begun cluster ${clusterId}: it goes on.`;
  return act({ type: 'adopt', first: begun.firstConfiguration }, 'Adopting', message);
}

function setAside(request: RecoveryRequest, old: readonly MemberStatus[]): Verdict {
  if (old.length === 0) return undefined;
  const reached = old.filter(({ natsConnected }) => natsConnected);
  const namesOf = (all: readonly MemberStatus[]): string => all.map(({ name }) => name).join(', ');
  if (reached.length === 0) {
    return stop(
      'OldMembers',
      `Of cluster ${request.clusterId}, which was left, ${namesOf(old)} cannot be reached over ` +
        'NATS to set its data aside: nothing else is done before.',
    );
  }
  return act(
    { type: 'set-aside', members: reached.map(({ member }) => member), request },
    'SettingAside',
    `Has ${namesOf(reached)} set aside what is of cluster ${request.clusterId}, and come back blank.`,
  );
}
