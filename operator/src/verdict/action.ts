import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { V1ConfigMap } from '@kubernetes/client-node';
import type { SnapshotName } from '../../../contract/src/snapshot.ts';
import type { MachineVersion } from '../../../contract/src/machine-version.ts';
import type { MembershipRequest } from '../../../contract/src/membership.ts';
import type { RecoveryRequest, SetAsideRequest } from '../../../contract/src/recovery.ts';
import type { Note } from '../observation/note.ts';
import type { Place } from '../observation/observation.ts';

/** What one step wants done; `perform.ts` does it. */
export type Action =
  /** Has the StatefulSet run so many pods. */
  | { readonly type: 'scale'; readonly replicas: number }
  /** Writes down what the cluster began with. */
  | { readonly type: 'adopt'; readonly first: FirstConfiguration }
  /** The same, of a cluster that never was. */
  | {
      readonly type: 'begin';
      readonly members: readonly string[];
      readonly machine?: MachineVersion;
      readonly snapshot?: SnapshotName;
    }
  /** Tells members what the cluster began with. */
  | {
      readonly type: 'form';
      readonly members: readonly string[];
      readonly first: FirstConfiguration;
    }
  | { readonly type: 'change'; readonly request: MembershipRequest }
  | { readonly type: 'transfer'; readonly to: string }
  /** Has a survivor begin a new cluster. */
  | { readonly type: 'recover'; readonly member: string; readonly request: RecoveryRequest }
  /** Has members of the cluster that was left come back blank. */
  | {
      readonly type: 'set-aside';
      readonly members: readonly string[];
      readonly request: SetAsideRequest;
    }
  /**
   * Has one come back blank that is no member any more, once that is settled: what it has is kept.
   * @property configuration number of the one that does not name it
   */
  | {
      readonly type: 'retire';
      readonly member: string;
      readonly request: SetAsideRequest;
      readonly configuration: number;
    }
  /** Deletes what was written down of the cluster that was left. */
  | { readonly type: 'forget-first'; readonly map: V1ConfigMap }
  /** Takes the note away that `record` made. */
  | { readonly type: 'forget-member'; readonly place: Place }
  /** Notes on a volume which member is in it. */
  | { readonly type: 'record'; readonly place: Place; readonly member: string }
  | { readonly type: 'grow-volume'; readonly place: Place; readonly size: string }
  /** Removes the StatefulSet and nothing of what it has: the next look makes it again. */
  | { readonly type: 'remake' }
  /**
   * Deletes a volume whose member is no member any more, once that is settled.
   * @property configuration number of the one that does not name it
   */
  | {
      readonly type: 'delete-volume';
      readonly place: Place;
      readonly member: string | undefined;
      readonly configuration: number;
      /** It is to come back at once, with a new volume. */
      readonly withPod: boolean;
    }
  | { readonly type: 'delete-pod'; readonly place: Place };

/** Why a step does something, or waits; each belongs to a phase: see status/phase.ts. */
export type StepReason =
  | 'AddingMember'
  | 'AddingPod'
  | 'Adopting'
  | 'CatchingUp'
  | 'Forming'
  | 'GrowingVolume'
  | 'HandingOver'
  | 'LastVoterLost'
  | 'Leaving'
  | 'PromotingMember'
  | 'Recording'
  | 'Recovering'
  | 'ReleasingVolume'
  | 'RemovingMember'
  | 'RemovingPod'
  | 'ReplacingPod'
  | 'Restarting'
  | 'RestartingHalted'
  | 'RestartingSilent'
  | 'Rolling'
  | 'SettingAside'
  | 'Starting'
  | 'StatefulSetLeaving'
  | 'TwinRuns'
  | 'UnknownVolume'
  | 'VolumeDeleted'
  | 'WaitingForConnection'
  | 'WaitingForMajority'
  | 'WaitingForMember'
  | 'WaitingForMembers'
  | 'WaitingForSurvivor'
  | 'WaitingToGrow'
  | 'WaitingToRecover'
  | 'WaitingToRoll'
  | 'WaitingToShrink';

export interface StepNote extends Note {
  readonly reason: StepReason;
}

/** What a step has found. */
export type Verdict =
  /** It wants something done: nothing else is done meanwhile. */
  | { readonly type: 'act'; readonly action: Action; readonly note: StepNote }
  /** It waits; later steps look for themselves whether they have to wait, too. */
  | { readonly type: 'wait'; readonly note: StepNote }
  /** Nobody may do anything: a person has to look. */
  | { readonly type: 'stop'; readonly note: Note }
  | undefined;

export function act(action: Action, reason: StepReason, message: string): Verdict {
  return { type: 'act', action, note: { reason, message } };
}

export function wait(reason: StepReason, message: string): Verdict {
  return { type: 'wait', note: { reason, message } };
}

export function stop(reason: string, message: string): Verdict {
  return { type: 'stop', note: { reason, message } };
}
