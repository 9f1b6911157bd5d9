import type { Phase } from '../api/status.ts';
import type { Observation } from '../reconcile/observation.ts';
import type { Outcome } from './outcome.ts';
import type { Saying } from './condition.ts';
import type { Standing } from './standing.ts';

/** What a reason of a step belongs to. */
const phaseOf: Readonly<Record<string, Phase>> = {
  Starting: 'Pending',
  WaitingForMembers: 'Pending',
  Forming: 'Forming',
  Adopting: 'Forming',
  ReplacingPod: 'Healing',
  ReleasingVolume: 'Healing',
  WaitingForMajority: 'Healing',
  LastVoterLost: 'Healing',
  AddingPod: 'Scaling',
  AddingMember: 'Scaling',
  PromotingMember: 'Scaling',
  RemovingMember: 'Scaling',
  RemovingPod: 'Scaling',
  CatchingUp: 'Scaling',
  WaitingToShrink: 'Scaling',
  Rolling: 'Rolling',
  Restarting: 'Rolling',
};

export function phase(
  { cluster }: Observation,
  standing: Standing,
  lost: Saying,
  outcome: Outcome,
): Phase {
  if (cluster.spec.paused) return 'Paused';
  if (lost.status === 'True') return 'QuorumLost';
  const [now] = [...(outcome.doing ? [outcome.doing] : []), ...outcome.waits];
  const { voters } = standing.lists;
  const known = phaseOf[now?.reason ?? ''];
  // Below its size, a cluster that once had it is being healed.
  const hadIt = (cluster.status?.voters ?? 0) >= cluster.spec.replicas;
  if (known === 'Scaling' && hadIt && voters.length <= cluster.spec.replicas) return 'Healing';
  if (known !== undefined) return known;
  if (!standing.isFormed) return 'Pending';
  return standing.leader === undefined && cluster.status?.leader === undefined
    ? 'Forming'
    : 'Running';
}
