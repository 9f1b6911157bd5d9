import type { Alarm, AlarmCode } from '../../../contract/src/alarms.ts';
import type { MemberRole, MemberStatus } from '../../../contract/src/status.ts';
import { VERSION } from '../../../contract/src/version.ts';
import type { Config } from '../config.ts';
import type { GaugeValues } from '../metrics/metrics.ts';
import { machines } from '../../../machines/src/machines.ts';
import { formatBallot, type MemberId } from '../paxos/ballot.ts';
import { firstConfiguration } from '../paxos/configuration.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from '../storage/damage.ts';
import { HaltError } from './halt-error.ts';
import type { NodeData } from './node-data.ts';
import { roleOf } from './role.ts';
import type { RunningMember } from './running-member.ts';

const NATS_DOWN = 'The connection to NATS is down.';

/** What there is of a node at the moment. */
export interface Presence {
  readonly data: NodeData;
  readonly running: RunningMember | undefined;
  /** Why it has no roles. */
  readonly fault: DamageError | HaltError | undefined;
  readonly natsConnected: boolean;
  /** Why it is not connected, in a sentence, once that is known. */
  readonly natsTrouble: string | undefined;
  /** Of the process: its event loop, and its disk. */
  readonly alarms: readonly Alarm[];
  /** Bytes free on the disk of its data folder; `undefined` while that is not known. */
  readonly diskFree: number | undefined;
  readonly quotaBytes: number;
}

/** What a node says of itself: its status, whether it is ready, and its gauges. */
export class SelfReport {
  readonly #config: Config;
  readonly #member: MemberId;
  readonly #look: () => Presence;
  readonly #started = performance.now();
  #ready = false;

  /** @param look called for each report */
  constructor(config: Config, member: MemberId, look: () => Presence) {
    this.#config = config;
    this.#member = member;
    this.#look = look;
  }

  /** Begins anew: its state is gone, and it has to catch up. */
  unready(): void {
    this.#ready = false;
  }

  readiness(): { readonly ready: boolean; readonly reason: string } {
    const presence = this.#look();
    return { ready: this.#isReady(presence), reason: reasonOf(presence) };
  }

  /** It has applied what was decided when it started, and hears a leader. */
  #isReady(presence: Presence): boolean {
    return this.#hasCaughtUp(presence) && presence.running?.driver.outage === undefined;
  }

  /** Once, for good. */
  #hasCaughtUp(presence: Presence): boolean {
    const { running, fault } = presence;
    if (running === undefined || fault !== undefined) return false;
    const { member } = running.driver;
    const led = this.#config.mode === 'on-demand' || member.leader !== undefined;
    const isWhole = slotsWithoutState(presence) === undefined;
    this.#ready ||= led && isWhole && member.slotOut >= member.target;
    return this.#ready;
  }

  status(): MemberStatus {
    const { cluster, namespace, name, machine, mode } = this.#config;
    const presence = this.#look();
    const { data, running } = presence;
    const { first, storage } = data;
    const member = running?.driver.member;
    const alarms = alarmsOf(presence);
    const newest = member?.configurations.newest;
    return {
      cluster,
      namespace,
      clusterId: first?.clusterId ?? null,
      firstConfiguration: first ?? null,
      snapshot: data.snapshot ?? null,
      name,
      member: this.#member,
      version: VERSION,
      machine,
      machineVersion: machineVersionOf(presence),
      newestMachineVersion: machines[machine].stateMachine.version,
      mode,
      role: this.#role(presence),
      haltedBy: presence.fault instanceof HaltError ? presence.fault.why : null,
      ready: this.#isReady(presence),
      ballot: formatBallot(member?.ballot),
      leader: member?.leader ?? null,
      configuration: newest?.number ?? 0,
      voters: newest?.voters ?? first?.members ?? [],
      learners: newest?.learners ?? [],
      unheard: running?.driver.unheard ?? [],
      window: first?.window ?? 0,
      slotOut: member?.slotOut ?? storage?.state.flushedSlotOut ?? 0,
      flushedSlotOut: storage?.state.flushedSlotOut ?? 0,
      floor: storage?.opened.log.first ?? 0,
      incoming: running?.driver.incoming ?? null,
      operationsApplied: running?.applier.operationsApplied ?? 0,
      natsConnected: presence.natsConnected,
      logBytes: storage?.opened.log.bytes ?? 0,
      stateBytes: storage?.state.bytes ?? 0,
      uptimeSeconds: Math.round((performance.now() - this.#started) / 1000),
      alarms: alarms.map(({ sentence }) => sentence),
      alarmCodes: alarms.map(({ code }) => code),
    };
  }

  #role({ data, running, fault }: Presence): MemberRole {
    const { first } = data;
    if (fault !== undefined) return fault instanceof HaltError ? 'halted' : 'damaged';
    if (first === undefined) return 'unformed';
    const member = running?.driver.member;
    if (member?.leading !== undefined) return 'leader';
    const known = member?.configurations.rulingFrom(member.slotOut);
    const { members: voters, window } = first;
    return roleOf(this.#member, known ?? [firstConfiguration(voters, window)]);
  }

  gauges(): GaugeValues {
    const presence = this.#look();
    const { data, running, fault, natsConnected } = presence;
    const { storage } = data;
    const member = running?.driver.member;
    const state = storage?.state;
    return {
      leader: member?.leading !== undefined,
      ready: this.#isReady(presence),
      damaged: fault instanceof DamageError,
      halted: fault instanceof HaltError,
      natsConnected,
      voters: member?.configurations.newest.voters.length ?? data.first?.members.length ?? 0,
      learners: member?.configurations.newest.learners.length ?? 0,
      unheard: running?.driver.unheard.length ?? 0,
      window: data.first?.window ?? 0,
      ballotRound: member?.ballot?.round ?? 0,
      machineVersion: machineVersionOf(presence),
      slotIn: member?.slotIn ?? 0,
      slotOut: member?.slotOut ?? 0,
      flushedSlotOut: state?.flushedSlotOut ?? 0,
      logBytes: storage?.opened.log.bytes ?? 0,
      stateBytes: state?.bytes ?? 0,
      stateUsedBytes: usedBytesOf(presence),
      quotaBytes: presence.quotaBytes,
      overlayBytes: state?.overlayBytes ?? 0,
      unwrittenBytes: running?.driver.unwrittenBytes ?? 0,
      queueBytes: running?.driver.queueBytes ?? 0,
      queueLimitBytes: this.#config.queueBytes,
      sessions: running?.applier.sessions.count ?? 0,
      sessionsBytes: running?.applier.sessions.bytes ?? 0,
      diskFreeBytes: presence.diskFree ?? NaN,
    };
  }

  /** The codes of the alarms that there are. */
  alarmCodes(): readonly AlarmCode[] {
    return alarmsOf(this.#look()).map(({ code }) => code);
  }
}

/** The version of the machine that is in force; 0 before there is a state. */
function machineVersionOf({ running, data }: Presence): number {
  return running?.applier.version ?? data.storage?.state.facts.machine?.version ?? 0;
}

/** The pages of a file that is damaged, or was cut off, are not for anybody to look at. */
function usedBytesOf({ data, fault }: Presence): number {
  if (fault !== undefined) return NaN;
  try {
    return data.storage?.state.usedBytes ?? 0;
  } catch (error) {
    // Whoever works with the state finds it, too, and is where it is said.
    if (error instanceof DamageError) return NaN;
    throw error;
  }
}

/** What a person should look at, the causes before what comes of them. */
function alarmsOf(presence: Presence): Alarm[] {
  const { fault, running, alarms } = presence;
  const members = running === undefined || fault !== undefined ? [] : running.alarms;
  // Whoever does not reach NATS hears nobody, which is no news then.
  const own = members.filter(({ code }) => presence.natsConnected || !isOfOutage(code));
  return [...faultOf(presence), ...own, ...missingOf(presence), ...natsOf(presence), ...alarms];
}

function isOfOutage(code: AlarmCode): boolean {
  return code === 'no-leader' || code === 'no-quorum';
}

function faultOf({ fault }: Presence): Alarm[] {
  if (fault === undefined) return [];
  const code = fault instanceof HaltError ? 'halted' : 'damaged';
  return [{ code, sentence: fault.message }];
}

/** Of the state that was set aside, and of what comes in its place. */
function missingOf(presence: Presence): Alarm[] {
  const alarms: Alarm[] = [];
  const missing = slotsWithoutState(presence);
  if (missing !== undefined) {
    const sentence =
      `The state below slot ${missing} is not here, and the log begins there: nothing is applied ` +
      'until another member has given its state.';
    alarms.push({ code: 'no-state', sentence });
  }
  const kept = presence.data.keptState;
  if (kept !== undefined) {
    const then = missing === undefined ? 'Look at it, then delete it.' : 'Keep it until then.';
    const sentence = `A state failed its checks and is kept as ${kept}. ${then}`;
    alarms.push({ code: 'state-kept', sentence });
  }
  return alarms;
}

function natsOf({ natsConnected, natsTrouble }: Presence): Alarm[] {
  const sentences = [
    ...(natsConnected ? [] : [NATS_DOWN]),
    ...(natsTrouble === undefined ? [] : [natsTrouble]),
  ];
  return sentences.map((sentence) => ({ code: 'nats', sentence }));
}

/** Why a node is not ready. */
function reasonOf({ fault, data, natsConnected, running, natsTrouble }: Presence): string {
  if (fault !== undefined) return fault.message;
  if (data.first === undefined && natsConnected) return 'it has not been told its cluster';
  if (data.isToRestore) return 'it restores its state from a snapshot';
  if (running === undefined) return 'it waits for NATS';
  const { outage } = running.driver;
  if (outage !== undefined) return natsConnected ? outage.sentence : (natsTrouble ?? NATS_DOWN);
  if (running.driver.member.leader === undefined) return 'no leader is known yet';
  return 'it catches up';
}

/** Below that slot there is neither a state here nor a log; `undefined` when nothing is missing. */
function slotsWithoutState({ data, running }: Presence): Slot | undefined {
  const floor = data.storage?.opened.log.first ?? 0;
  return running !== undefined && running.driver.member.slotOut < floor ? floor : undefined;
}
