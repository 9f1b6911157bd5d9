import type { AlarmCode } from './alarms.ts';
import { isFirstConfiguration, type FirstConfiguration } from './first-configuration.ts';
import { parseObject } from './json-object.ts';
import { isHeldSnapshot, type HeldSnapshot } from './snapshot.ts';

/**
 * `unformed`: it has not been told the first configuration. `damaged`: its data is. `halted`: it
 * gave up its roles, because it, or what it has, is not to be trusted; its data is to be kept.
 * `outsider`: no configuration names it; it learns, and is counted nowhere.
 */
export type MemberRole =
  'unformed' | 'damaged' | 'halted' | 'outsider' | 'learner' | 'follower' | 'leader';

/** Whether it takes part, with a vote or without one. */
export function hasRoles(role: MemberRole): boolean {
  return role !== 'unformed' && !isUnfit(role);
}

/** It knows of itself that it may not take part, as long as this process has these data. */
export function isUnfit(role: MemberRole): boolean {
  return role === 'damaged' || role === 'halted';
}

/**
 * Why a member halted. `twin`: another process runs, or ran, under its id. `dissent`: it has
 * decided something else than others have, or has another state.
 */
export type HaltCause = 'twin' | 'dissent';

/** Another member's state on its way to one that is behind all logs. Its length is not known. */
export interface IncomingState {
  /** The member that sends it. */
  readonly from: string;
  /** What has come so far. */
  readonly bytes: number;
}

/** What a member says of itself: `/status`, and the answer to a status request. JSON. */
export interface MemberStatus {
  readonly cluster: string;
  /** Of the cluster; `local` outside Kubernetes, empty where a member does not say it. */
  readonly namespace: string;
  /** Of the first configuration; `null` until the member is told. */
  readonly clusterId: string | null;
  /** What the cluster began with, as this member has it stored for ever. */
  readonly firstConfiguration: FirstConfiguration | null;
  /** What it is to begin with, until it has; `null` when nothing was restored here. */
  readonly snapshot: HeldSnapshot | null;
  /** Where the member runs. */
  readonly name: string;
  /** Its id: made when its empty data folder was formatted. */
  readonly member: string;
  readonly version: string;
  /** The name of the state machine that the process was started with. */
  readonly machine: string;
  /** The version of it that is in force at `slotOut`; 0 until the member is told. */
  readonly machineVersion: number;
  /** The newest version of it that the process has. */
  readonly newestMachineVersion: number;
  readonly mode: 'stable' | 'on-demand';
  readonly role: MemberRole;
  /** `null` while it has not halted. The first of the alarms says more. */
  readonly haltedBy: HaltCause | null;
  readonly ready: boolean;
  /** As `round.leader`, or `none`. */
  readonly ballot: string;
  /** The active leader that this member knows of. */
  readonly leader: string | null;
  /** The number of the newest configuration that this member has applied; 0 is the first. */
  readonly configuration: number;
  /** Of the newest configuration; nobody until the member is told. */
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /**
   * Of a leader: the voters and learners that it has not heard for a minute. It leads only while it
   * hears a quorum; nobody else hears everybody, and so has nothing to say of it.
   */
  readonly unheard: readonly string[];
  /** 0 until the member is told. */
  readonly window: number;
  /** Every slot below it is applied. */
  readonly slotOut: number;
  /** Every slot below it is in the state on disk. */
  readonly flushedSlotOut: number;
  /** The log has no slot below it any more. */
  readonly floor: number;
  /** `null` while no other member's state is on its way here. */
  readonly incoming: IncomingState | null;
  /** Operations that this process applied since its start. */
  readonly operationsApplied: number;
  readonly natsConnected: boolean;
  readonly logBytes: number;
  readonly stateBytes: number;
  readonly uptimeSeconds: number;
  /** What a person should look at, a sentence each. */
  readonly alarms: readonly string[];
  /** What each of the alarms is about, in their order. */
  readonly alarmCodes: readonly AlarmCode[];
}

/** What a member of an older version does not say. */
const unsaid = {
  ...{ namespace: '', configuration: 0, learners: [], unheard: [], floor: 0, incoming: null },
  ...{ snapshot: null },
  ...{ machineVersion: 0, newestMachineVersion: 0 },
  ...{ haltedBy: null, alarmCodes: [] },
};

/**
 * What a process says of itself at `/status` that waits until its data folder is free. It is no
 * member yet: whoever has the folder is.
 */
export interface WaitingStatus {
  readonly cluster: string;
  readonly namespace: string;
  /** Where it runs. */
  readonly name: string;
  readonly role: 'waiting';
  /** What it waits for, a sentence each. */
  readonly alarms: readonly string[];
}

/** @returns `undefined` when the text is not the status of a process that waits */
export function parseWaitingStatus(text: string): WaitingStatus | undefined {
  const { cluster, namespace, name, role, alarms } = parseObject(text) ?? {};
  if (typeof cluster !== 'string' || typeof namespace !== 'string') return undefined;
  if (typeof name !== 'string' || role !== 'waiting' || !isText(alarms)) return undefined;
  return { cluster, namespace, name, role, alarms };
}

function isText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Parses a status from outside. @returns `undefined` when it is not one */
export function parseStatus(text: string): MemberStatus | undefined {
  try {
    const status = JSON.parse(text) as Partial<MemberStatus>;
    const whole =
      typeof status.name === 'string' &&
      typeof status.member === 'string' &&
      typeof status.slotOut === 'number' &&
      Array.isArray(status.voters) &&
      Array.isArray(status.alarms) &&
      ((status.snapshot ?? null) === null || isHeldSnapshot(status.snapshot)) &&
      (status.alarmCodes === undefined || Array.isArray(status.alarmCodes)) &&
      (status.firstConfiguration === null || isFirstConfiguration(status.firstConfiguration));
    return whole ? { ...unsaid, ...(status as MemberStatus) } : undefined;
  } catch {
    return undefined;
  }
}
