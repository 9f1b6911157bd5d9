import type { Alarm } from '../../../contract/src/alarms.ts';
import { randomBytes } from 'node:crypto';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { NatsLink } from '../../../link/src/nats-link.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import type { Config } from '../config.ts';
import type { Applier } from '../machine/applier.ts';
import { machines } from '../../../machines/src/machines.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { formatBallot, type Ballot, type MemberId } from '../paxos/ballot.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import type { Change } from '../paxos/system-command.ts';
import type { Dropped as CoreDropReason } from '../paxos/effects.ts';
import type { MemberStorage } from '../storage/member-storage.ts';
import { NatsTransport } from '../transport/nats.ts';
import type { DropReason } from '../transport/transport.ts';
import { handOver } from './admin-api.ts';
import { ClientApi, type RequestDropReason } from './client-api.ts';
import { CrashPoints } from './crash-points.ts';
import type { Driver } from './driver.ts';
import type { Logger } from '../../../host/src/logger.ts';
import type { Run } from './member-life.ts';
import { Namesakes } from './namesakes.ts';
import { OutsideWitness } from './outside-witness.ts';
import { ScriptPort, type LineDropReason } from './script-port.ts';
import { wire, type Wiring } from './wiring.ts';

const OVERLAY_BYTES = 8 * 1024 * 1024;
/** Of the log and the state, before nothing new is taken: what a disk may take a second for. */
const UNWRITTEN_BYTES = 64 * 1024 * 1024;
/** Of slots, in a member that is behind, and has to learn others first. */
const HELD_BYTES = 64 * 1024 * 1024;
/** Of a state, or a log, on its way to another member: read within a few milliseconds. */
const CHUNK_BYTES = 256 * 1024;
/** Of commands, in one go: as much as one slot may have. */
const APPLY_BYTES = 256 * 1024;
const WAIT_MS = 30_000;
/** A slice takes a part of a millisecond: some thousand entries a second. */
const SCRUB_MS = 50;
/** A small state is not looked at all the time. */
const SCRUB_REST_MS = 1_000;
const STALL_MS = 1_000;
/** As long as a supervisor that looks at the process itself may take to restart it. */
const UNHEARD_MS = 60_000;
const UNREACHED_MS = 2_000;
const COMPARE_MS = 10_000;
/** An election takes less; whoever asks is told of what takes longer within three seconds. */
const ALARM_MS = 2_000;
/** Who stops while it leads waits so long for another leader. */
const HAND_OVER_MS = 300;

/** Why something that came from outside was dropped. */
export type Dropped = DropReason | CoreDropReason | RequestDropReason | LineDropReason;

export interface RunningMemberPorts {
  readonly config: Config;
  readonly self: MemberId;
  readonly first: FirstConfiguration;
  readonly storage: MemberStorage;
  readonly connection: NatsLink;
  readonly subjects: Subjects;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Bytes that the state may take. */
  readonly quotaBytes: () => number;
}

export interface RunningMemberEvents {
  /** @param driver of the active leader: it takes requests; `undefined` when it leads no longer */
  serving(driver: Driver | undefined): void;
  dropped(reason: Dropped, detail: string): void;
  /** Another member's state is on disk: end this run, and begin another from there. */
  restored(): void;
  /** A crash point fired. */
  crashed(): void;
  failed(error: Error): void;
}

/**
 * A member with its roles, over storage that is open: from `start` until it is ended or stopped it
 * ticks, hears the other members and, while it leads, clients. The storage stays the caller's.
 */
export class RunningMember implements Run {
  readonly applier: Applier;
  readonly driver: Driver;
  readonly #ports: RunningMemberPorts;
  readonly #events: RunningMemberEvents;
  readonly #transport: NatsTransport;
  readonly #api: ClientApi;
  readonly #witness: OutsideWitness | undefined;
  readonly #namesakes = new Namesakes();
  #scriptPort: ScriptPort | undefined;
  #ticker: NodeJS.Timeout | undefined;
  /** It has ended, or stops. */
  #isOver = false;

  constructor(ports: RunningMemberPorts, events: RunningMemberEvents) {
    this.#ports = ports;
    this.#events = events;
    const { config, first, connection, subjects } = ports;
    this.#transport = this.#join();
    this.#witness = config.witness === 'operator' ? this.#findWitness() : undefined;
    const { driver, applier } = this.#wireOrDetach();
    this.driver = driver;
    this.applier = applier;
    const { clusterId } = first;
    this.#api = new ClientApi(
      clusterId,
      connection,
      subjects,
      this.driver,
      this.#dropped,
      (err) => {
        ports.log.error({ err }, 'a request failed while it was taken in');
      },
    );
  }

  readonly #dropped = (reason: Dropped, detail: string): void => {
    if (reason === 'other-cluster') this.#namesakes.heard();
    this.#events.dropped(reason, detail);
  };

  #join(): NatsTransport {
    const { config, self, first, connection, subjects } = this.#ports;
    return new NatsTransport({
      connection,
      subjects,
      cluster: first.clusterId,
      self,
      peers: first.members.filter((voter) => voter !== self), // On demand: there they never change.
      fanOut: config.mode === 'stable',
      stamp: () => this.driver.stamp,
      onDropped: this.#dropped,
    });
  }

  #findWitness(): OutsideWitness {
    const { self, connection, subjects } = this.#ports;
    return new OutsideWitness({
      connection,
      subjects,
      self,
      end: () => this.driver.stamp.end,
      testified: (evidence) => {
        this.driver.input({ type: 'testimony', testimony: { type: 'testimony', ...evidence } });
      },
    });
  }

  /** What listens already is not left behind. */
  #wireOrDetach(): Wiring {
    try {
      return this.#wire();
    } catch (error) {
      this.#witness?.detach();
      this.#transport.detach();
      throw error;
    }
  }

  #wire(): Wiring {
    const { config, self, first, storage, metrics, log, quotaBytes } = this.#ports;
    const { tickMs, checkpointMs, queueBytes, maxCommandBytes } = config;
    const { mode, machine, pipeline, batchBytes } = config;
    const ports = {
      ...{ self, first, storage, mode, metrics, quotaBytes },
      machine: machines[machine].stateMachine,
      packing: { batchBytes, pipeline, applyBytes: APPLY_BYTES, heldBytes: HELD_BYTES },
      transport: this.#transport,
      ...(this.#witness && { witness: this.#witness }),
      schedule: setImmediate,
      random: Math.random,
      now: () => performance.now(),
    };
    const ticksOf = (ms: number): number => Math.ceil(ms / tickMs);
    const settings = {
      checkpointTicks: ticksOf(checkpointMs),
      overlayBytes: OVERLAY_BYTES,
      unwrittenBytes: UNWRITTEN_BYTES,
      chunkBytes: CHUNK_BYTES,
      queueBytes,
      maxCommandBytes,
      stallTicks: ticksOf(STALL_MS),
      unheardTicks: ticksOf(UNHEARD_MS),
      unreachedTicks: ticksOf(UNREACHED_MS),
      alarmTicks: ticksOf(ALARM_MS),
      compareTicks: ticksOf(COMPARE_MS),
      scrubTicks: ticksOf(SCRUB_MS),
      scrubRestTicks: ticksOf(SCRUB_REST_MS),
      waitMs: WAIT_MS,
      tickMs,
    };
    return wire(ports, settings, {
      leading: (ballot) => this.#leading(ballot),
      applied: (slot, commands) => this.#scriptPort?.applied(slot, commands),
      surveyed: (survey) => this.#scriptPort?.surveyed(survey),
      reconfigured: (change, taken) => this.#reconfigured(change, taken),
      upgraded: (machine) => log.info({ ...machine }, 'a new version of the machine is in force'),
      quotaReached: (isReached) => {
        const event = isReached ? 'is refused: the quota is reached' : 'is taken again';
        log.warn(`what makes the state larger ${event}`);
      },
      dropped: (why, from) => this.#dropped(why, from),
      collected: (floor) => log.info({ floor }, 'log collected'),
      restored: (slotOut) => {
        log.info({ slotOut }, "another member's state is here; going on from it");
        this.#events.restored();
      },
      crashed: () => this.#transport.flush(() => this.#events.crashed()),
      failed: (error) => this.#events.failed(error),
    });
  }

  /**
   * Lets time pass, once the port for scripts listens, where there is one.
   * @throws ScriptListenError
   */
  async start(): Promise<void> {
    const { config, first, log } = this.#ports;
    const { mode, machine, tickMs } = config;
    const { clusterId, members: voters } = first;
    await this.#listenToScripts();
    if (this.#isOver) return this.#scriptPort?.close();
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    log.info({ mode, clusterId, voters, machine }, 'member runs');
  }

  #tick(): void {
    this.driver.tick();
    if (this.#ports.config.mode === 'stable') this.#api.reading = this.driver.servesReads;
  }

  /** Leadership on demand is driven by a master over TCP. */
  async #listenToScripts(): Promise<void> {
    const { config, log } = this.#ports;
    const { scriptPort: port, derived } = config;
    const { script } = machines[config.machine];
    if (port === undefined || derived === undefined || script === undefined) return;
    const client = randomBytes(16);
    const points = new CrashPoints((command) => client.compare(command, 1, 17) === 0);
    this.driver.filter = points.filter;
    this.#scriptPort = new ScriptPort({
      driver: this.driver,
      applier: this.applier,
      script,
      log,
      onDropped: this.#dropped,
      members: derived.members,
      client: client.toString('hex'),
      arm: (point) => points.arm(point),
      crash: () => this.#events.crashed(),
      flush: (done) => this.#transport.flush(done),
    });
    await this.#scriptPort.listen(port);
    log.info({ port }, 'script port listens');
  }

  #leading(ballot: Ballot | undefined): void {
    const { config, metrics, log } = this.#ports;
    metrics.counts.leaderChanges += 1;
    if (config.mode === 'stable') this.#serve(ballot !== undefined);
    const event = ballot === undefined ? 'leads no longer' : 'leads';
    log.info({ ballot: formatBallot(ballot), slot: this.driver.member.slotOut }, event);
  }

  #serve(leading: boolean): void {
    this.#api.leading = leading;
    this.#events.serving(leading ? this.driver : undefined);
  }

  /** @param taken `false` when the change was void */
  #reconfigured(change: Change, taken: boolean): void {
    const { log } = this.#ports;
    if (!taken) return log.info({ ...change, taken }, 'a change of the members was void');
    if (!change.forced) return log.info({ ...change, taken }, 'reconfigured');
    log.warn({ ...change, taken }, 'reconfigured by force, without a look at who answers');
  }

  /** What a person should look at. */
  get alarms(): Alarm[] {
    return [...this.#namesakes.alarms, ...this.driver.alarms];
  }

  get heard(): HeardEnds {
    return this.driver.member.heard;
  }

  fail(error: Error): void {
    this.driver.fail(error);
  }

  /** Its driver has failed: it is still there to be looked at, and does nothing. */
  cease(): void {
    clearInterval(this.#ticker);
    this.#witness?.detach();
    this.#serve(false);
    this.#api.reading = false;
  }

  /** Its driver has stopped: nothing of it stays. */
  end(): void {
    this.#isOver = true;
    this.cease();
    this.#scriptPort?.close();
    this.#transport.detach();
  }

  /** Stops in order: another leader, no new work, the state written. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const { driver } = this;
    if (this.#ports.config.mode === 'stable' && driver.member.leading !== undefined) {
      const { self, configurations } = driver.member;
      const isAlone = configurations.newest.voters.every((voter) => voter === self);
      if (!isAlone) await handOver(driver, HAND_OVER_MS);
    }
    clearInterval(this.#ticker);
    this.#witness?.detach();
    this.#scriptPort?.close();
    this.#serve(false);
    this.#api.reading = false;
    await new Promise<void>((resolve) => driver.stop(resolve));
  }

  /** Settles when what was sent is on its way. */
  async flushed(): Promise<void> {
    await new Promise<void>((resolve) => this.#transport.flush(resolve));
  }
}
