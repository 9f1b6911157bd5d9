import type { Phase } from '../api/status.ts';
import { recordedMember, type Observation } from '../observation/observation.ts';
import type { Standing } from '../observation/standing.ts';
import type { StepReason } from '../verdict/action.ts';
import type { Outcome } from '../verdict/outcome.ts';
import type { Saying } from './condition.ts';
import { stoppedRoll } from './stopped-roll.ts';

/** What a reason of a step belongs to. */
const phaseOf: Readonly<Record<StepReason, Phase>> = {
  Starting: 'Pending',
  Leaving: 'Pending',
  WaitingForMembers: 'Pending',
  Forming: 'Forming',
  Adopting: 'Forming',
  Recording: 'Running',
  Recovering: 'Recovering',
  WaitingToRecover: 'Recovering',
  WaitingForSurvivor: 'Recovering',
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
  UnknownVolume: 'Scaling',
  Rolling: 'Rolling',
  Restarting: 'Rolling',
  HandingOver: 'Rolling',
  VolumeDeleted: 'Rolling',
  WaitingToRoll: 'Rolling',
  GrowingVolume: 'Growing',
  WaitingToGrow: 'Growing',
  StatefulSetLeaving: 'Growing',
};

/** One word for all that a person is told: of what needs somebody most. */
export function phase(
  seen: Observation,
  standing: Standing,
  { lost, isAvailable }: { readonly lost: Saying; readonly isAvailable: Saying },
  { stop, problems, doing, waits }: Outcome,
): Phase {
  const { cluster, natsDown } = seen;
  const { isFormed, leader, lists, well } = standing;
  if (cluster.spec.paused) return 'Paused';
  if (lost.status === 'True') return 'QuorumLost';
  if (stop !== undefined || problems.length > 0) return 'Stopped';
  if (doing !== undefined) return phaseOf[doing.reason];
  const [waiting] = waits;
  if (isFormed && isAvailable.status !== 'True') {
    // Who leads for the first time has not been elected yet.
    const isNew = leader === undefined && natsDown === undefined && !hasLed(seen);
    return isNew ? 'Forming' : 'Unavailable';
  }
  if (waiting !== undefined) return phaseOf[waiting.reason];
  if (!isFormed) return 'Pending';
  if (stoppedRoll(seen) !== undefined) return 'Stopped';
  const isWell = well.length === lists.voters.length && natsDown === undefined;
  return isWell ? 'Running' : 'Degraded';
}

/** A leader was seen: only then are members noted on volumes. */
function hasLed({ places }: Observation): boolean {
  return places.some((place) => recordedMember(place) !== undefined);
}
