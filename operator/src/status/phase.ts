import type { Phase } from '../api/status.ts';
import type { Observation } from '../observation/observation.ts';
import { stoppedRevision } from '../observation/template.ts';
import type { Outcome } from '../verdict/outcome.ts';
import type { Saying } from './condition.ts';
import type { Standing } from '../observation/standing.ts';

/** What a reason of a step belongs to. */
const phaseOf: Readonly<Record<string, Phase>> = {
  Starting: 'Pending',
  WaitingForMembers: 'Pending',
  Forming: 'Forming',
  Adopting: 'Forming',
  ReplacingPod: 'Healing',
  WaitingForConnection: 'Healing',
  RestartingSilent: 'Healing',
  RestartingHalted: 'Healing',
  TwinRuns: 'Healing',
  SettingAside: 'Healing',
  ReleasingVolume: 'Healing',
  WaitingForMajority: 'Healing',
  LastVoterLost: 'Healing',
  AddingPod: 'Scaling',
  AddingMember: 'Scaling',
  PromotingMember: 'Scaling',
  RemovingMember: 'Scaling',
  RemovingPod: 'Scaling',
  CatchingUp: 'Scaling',
  WaitingForMember: 'Scaling',
  WaitingToShrink: 'Scaling',
  Rolling: 'Rolling',
  Restarting: 'Rolling',
  HandingOver: 'Rolling',
  WaitingToRoll: 'Rolling',
};

export function phase(
  seen: Observation,
  standing: Standing,
  lost: Saying,
  outcome: Outcome,
): Phase {
  const { cluster } = seen;
  if (cluster.spec.paused) return 'Paused';
  if (lost.status === 'True') return 'QuorumLost';
  const [now] = [...(outcome.doing ? [outcome.doing] : []), ...outcome.waits];
  const known = phaseOf[now?.reason ?? ''];
  if (known !== undefined) return known;
  if (!standing.isFormed) return 'Pending';
  if (stoppedRevision(seen) !== undefined) return 'Rolling';
  return standing.leader === undefined && cluster.status?.leader === undefined
    ? 'Forming'
    : 'Running';
}
