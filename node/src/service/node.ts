import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { NatsConnection } from 'nats';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { errors } from '../../../contract/src/error-codes.ts';
import { subjectsOf, type Subjects } from '../../../contract/src/subjects.ts';
import type { Config } from '../config.ts';
import { Applier } from '../machine/applier.ts';
import { chatLog } from '../machine/chat-log.ts';
import { counter } from '../machine/counter.ts';
import { Metrics } from '../metrics/metrics.ts';
import { formatBallot } from '../paxos/ballot.ts';
import type { Change } from '../paxos/change.ts';
import { waitsForFlush } from '../paxos/effects.ts';
import { firstConfiguration } from '../paxos/configuration.ts';
import { recoveredConfigurations } from '../paxos/configurations.ts';
import { Member } from '../paxos/member.ts';
import { defaultTiming } from '../paxos/timing.ts';
import { DamageError } from '../storage/damage.ts';
import { openDataFolder, type DataFolder } from '../storage/data-folder.ts';
import { DiskFolder } from '../storage/disk-folder.ts';
import { openLmdbState } from '../storage/lmdb-state.ts';
import type { OpenedLog } from '../storage/log.ts';
import { openSegmentLog } from '../storage/segment-log.ts';
import type { StateStore } from '../storage/state.ts';
import { connectNats } from '../transport/nats-connection.ts';
import { NatsTransport } from '../transport/nats.ts';
import { dropReasons, type DropReason } from '../transport/transport.ts';
import { AdminApi, handOver } from './admin-api.ts';
import { ClientApi, type RequestDropReason } from './client-api.ts';
import { CrashPoints } from './crash-points.ts';
import { Driver, UNKNOWN_MEMBER } from './driver.ts';
import { startHttp, type HttpServer } from './http.ts';
import type { Logger } from './logger.ts';
import { Complaints } from './complaints.ts';
import { ScriptPort, type LineDropReason } from './script-port.ts';

export const VERSION = '0.1.0';
const OVERLAY_BYTES = 8 * 1024 * 1024;
const WAIT_MS = 30_000;
const STALL_MS = 1_000;
/** Who stops while it leads waits so long for another leader. */
const HAND_OVER_MS = 300;
const CONNECT_NOTICE_MS = 2_000;

type Dropped = DropReason | RequestDropReason | LineDropReason;

interface Storage {
  readonly opened: OpenedLog;
  readonly state: StateStore;
}

/** One process of a cluster: storage, member, driver, and what it shows to the outside. */
export class Node {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #fatal: (error: Error) => void;
  readonly #crash: () => void;
  readonly #metrics: Metrics;
  readonly #complaints: Complaints;
  readonly #subjects: Subjects;
  readonly #cluster: string;
  readonly #started = performance.now();
  #folder: DataFolder | undefined;
  #storage: Storage | undefined;
  #damage: DamageError | undefined;
  #connection: NatsConnection | undefined;
  #transport: NatsTransport | undefined;
  #applier: Applier | undefined;
  #driver: Driver | undefined;
  #api: ClientApi | undefined;
  #admin: AdminApi | undefined;
  #http: HttpServer | undefined;
  #scriptPort: ScriptPort | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #natsConnected = false;
  #ready = false;

  /**
   * @param fatal told once when the process has to end
   * @param crash told when a crash point fired
   */
  constructor(config: Config, log: Logger, fatal: (error: Error) => void, crash: () => void) {
    const { namespace, cluster, member } = config;
    this.#config = config;
    this.#log = log;
    this.#fatal = fatal;
    this.#crash = crash;
    this.#complaints = new Complaints(log);
    this.#cluster = `${namespace}/${cluster}`;
    this.#subjects = subjectsOf(namespace, cluster);
    this.#metrics = new Metrics({
      version: VERSION,
      cluster,
      member,
      messageTypes: Object.keys(waitsForFlush),
      refusalCodes: Object.keys(errors),
      dropReasons: [...dropReasons, UNKNOWN_MEMBER, 'no-reply-lane', 'script-line'],
    });
    this.#metrics.readGaugesFrom(() => this.#gauges());
  }

  /** Opens the data, shows itself over HTTP, connects, and runs the member. */
  async start(): Promise<void> {
    const { data, member, httpHost, httpPort } = this.#config;
    this.#folder = openDataFolder(data, { clusterId: this.#cluster, memberId: member });
    this.#openStorage(data);
    this.#http = await startHttp(httpHost, httpPort, {
      status: () => this.status(),
      readiness: () => ({ ready: this.#isReady(), reason: this.#unready() }),
      metrics: async () => ({
        contentType: this.#metrics.contentType,
        text: await this.#metrics.text(),
      }),
    });
    this.#log.info({ port: this.#http.port }, 'http listens');
    const connection = await this.#connect();
    this.#admin = new AdminApi(connection, this.#subjects, this.#log, () => this.status());
    if (this.#storage !== undefined) await this.#run(connection, this.#storage);
  }

  /** Damage is kept for a person to look at: the member stays up without roles. */
  #openStorage(folder: string): void {
    const ids = { clusterId: this.#cluster, memberId: this.#config.member };
    try {
      const state = openLmdbState({ folder, ...ids });
      const slotOut = state.flushedSlotOut;
      const logFolder = new DiskFolder(path.join(folder, 'log'));
      const opened = openSegmentLog({ folder: logFolder, ...ids, slotOut });
      this.#storage = { opened, state };
      const { decidedMark } = opened.recovered;
      this.#log.info({ slotOut, decidedMark, data: folder }, 'data opened');
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#damaged(error);
    }
  }

  #damaged(error: DamageError): void {
    this.#damage = error;
    const { file, record } = error;
    this.#log.error({ file, record }, `${error.message}; this member stays without roles`);
  }

  async #connect(): Promise<NatsConnection> {
    const { natsUrl, cluster, member } = this.#config;
    const notice = setInterval(() => {
      this.#log.warn({ natsUrl }, 'NATS is not reachable yet; waiting for it');
    }, CONNECT_NOTICE_MS);
    try {
      this.#connection = await connectNats({
        url: natsUrl,
        name: `synod ${cluster} ${member}`,
        onConnected: () => this.#connected(true),
        onDisconnected: () => this.#connected(false),
      });
      return this.#connection;
    } finally {
      clearInterval(notice);
    }
  }

  #connected(connected: boolean): void {
    this.#natsConnected = connected;
    if (this.#transport !== undefined) this.#transport.connected = connected;
    if (connected) this.#log.info({ natsUrl: this.#config.natsUrl }, 'nats connected');
    else
      this.#log.warn(
        { natsUrl: this.#config.natsUrl },
        'nats disconnected; going on when it is back',
      );
  }

  async #run(connection: NatsConnection, { opened, state }: Storage): Promise<void> {
    const { mode, member: self, members: voters, window, pipeline, batchBytes } = this.#config;
    const machine = this.#config.machine === 'counter' ? counter : chatLog;
    const applier = new Applier(machine, state.tables);
    const transport = new NatsTransport({
      connection,
      subjects: this.#subjects,
      cluster: this.#cluster,
      self,
      peers: voters.filter((voter) => voter !== self), // On demand: there they never change.
      fanOut: mode === 'stable',
      onDropped: this.#dropped,
    });
    const recovered = { ...opened.recovered, slotOut: state.flushedSlotOut };
    const member = new Member({
      self,
      configurations: recoveredConfigurations(
        applier.configurations,
        firstConfiguration(voters, window),
      ),
      mode,
      timing: defaultTiming,
      packing: { batchBytes, pipeline },
      recovered,
    });
    const driver = this.#drive(member, opened, state, applier, transport);
    this.#transport = transport;
    this.#applier = applier;
    this.#driver = driver;
    this.#api = new ClientApi(connection, this.#subjects, driver, this.#dropped);
    await this.#listenToScripts(driver, applier, transport);
    this.#ticker = setInterval(() => driver.tick(), this.#config.tickMs);
    this.#log.info({ mode, voters, machine: machine.name }, 'member runs');
  }

  /** Counts what was dropped, and complains of it now and then. */
  readonly #dropped = (reason: Dropped, detail: string): void => {
    this.#metrics.dropped.add(reason);
    this.#complaints.complain(reason, detail);
  };

  #drive(
    member: Member,
    opened: OpenedLog,
    state: StateStore,
    applier: Applier,
    transport: NatsTransport,
  ): Driver {
    const { tickMs, checkpointMs, queueBytes, maxCommandBytes, mode } = this.#config;
    const ports = {
      member,
      log: opened.log,
      state,
      applier,
      transport,
      metrics: this.#metrics,
      schedule: setImmediate,
      random: Math.random,
      now: () => performance.now(),
    };
    const settings = {
      checkpointTicks: Math.ceil(checkpointMs / tickMs),
      overlayBytes: OVERLAY_BYTES,
      queueBytes,
      maxCommandBytes,
      answersWaitForMark: mode === 'on-demand',
      stallTicks: Math.ceil(STALL_MS / tickMs),
      waitMs: WAIT_MS,
    };
    const driver = new Driver(ports, settings, {
      leading: (ballot) => {
        this.#metrics.counts.leaderChanges += 1;
        if (mode === 'stable') this.#serve(ballot === undefined ? undefined : driver);
        const event = ballot === undefined ? 'leads no longer' : 'leads';
        this.#log.info({ ballot: formatBallot(ballot), slot: member.slotOut }, event);
      },
      applied: (slot, commands) => this.#scriptPort?.applied(slot, commands),
      surveyed: (survey) => this.#scriptPort?.surveyed(survey),
      reconfigured: (change, taken) => this.#reconfigured(change, taken),
      crashed: () => transport.flush(() => this.#crash()),
      failed: (error) => this.#failed(error),
    });
    return driver;
  }

  /** @param taken `false` when the change was void */
  #reconfigured(change: Change, taken: boolean): void {
    if (!taken) return this.#log.info({ ...change, taken }, 'a change of the members was void');
    if (!change.forced) return this.#log.info({ ...change, taken }, 'reconfigured');
    this.#log.warn({ ...change, taken }, 'reconfigured by force, without a look at who answers');
  }

  /** @param driver of the active leader: it takes requests */
  #serve(driver: Driver | undefined): void {
    if (this.#api !== undefined) this.#api.leading = driver !== undefined;
    if (this.#admin !== undefined) this.#admin.leading = driver;
  }

  #failed(error: Error): void {
    if (!(error instanceof DamageError)) return this.#fatal(error);
    this.#damaged(error);
    clearInterval(this.#ticker);
    this.#serve(undefined);
  }

  /** Leadership on demand is driven by a master over TCP. */
  async #listenToScripts(
    driver: Driver,
    applier: Applier,
    transport: NatsTransport,
  ): Promise<void> {
    const { scriptPort: port, members } = this.#config;
    if (port === undefined) return;
    const client = randomBytes(16);
    const points = new CrashPoints((command) => client.compare(command, 1, 17) === 0);
    driver.filter = points.filter;
    this.#scriptPort = new ScriptPort({
      driver,
      applier,
      log: this.#log,
      onDropped: this.#dropped,
      members,
      client: client.toString('hex'),
      arm: (point) => points.arm(point),
      crash: () => this.#crash(),
      flush: (done) => transport.flush(done),
    });
    await this.#scriptPort.listen(port);
    this.#log.info({ port }, 'script port listens');
  }

  /** Ready once, for good: it has applied what was decided when it started. */
  #isReady(): boolean {
    const member = this.#driver?.member;
    if (member === undefined || this.#damage !== undefined) return false;
    const led = this.#config.mode === 'on-demand' || member.leader !== undefined;
    this.#ready ||= led && member.slotOut >= member.target;
    return this.#ready;
  }

  #unready(): string {
    if (this.#damage !== undefined) return this.#damage.message;
    if (this.#driver === undefined) return 'it waits for NATS';
    if (this.#driver.member.leader === undefined) return 'no leader is known yet';
    return 'it catches up';
  }

  status(): MemberStatus {
    const { cluster, member: id, machine, mode, members, window } = this.#config;
    const member = this.#driver?.member;
    const newest = member?.configurations.newest;
    const alarms = this.#damage === undefined ? [] : [this.#damage.message];
    if (this.#driver?.stalled === true) {
      alarms.push('The disk has not finished a write for more than a second.');
    }
    if (!this.#natsConnected) alarms.push('The connection to NATS is down.');
    return {
      cluster,
      member: id,
      version: VERSION,
      machine,
      mode,
      role: this.#role(),
      ready: this.#isReady(),
      ballot: formatBallot(member?.ballot),
      leader: member?.leader ?? null,
      configuration: newest?.number ?? 0,
      voters: newest?.voters ?? members,
      learners: newest?.learners ?? [],
      window: newest?.window ?? window,
      slotOut: member?.slotOut ?? this.#storage?.state.flushedSlotOut ?? 0,
      flushedSlotOut: this.#storage?.state.flushedSlotOut ?? 0,
      floor: 0, // The log is kept from the first slot on.
      operationsApplied: this.#applier?.operationsApplied ?? 0,
      natsConnected: this.#natsConnected,
      logBytes: this.#storage?.opened.log.bytes ?? 0,
      stateBytes: this.#storage?.state.bytes ?? 0,
      uptimeSeconds: Math.round((performance.now() - this.#started) / 1000),
      alarms,
    };
  }

  #role(): MemberStatus['role'] {
    if (this.#damage !== undefined) return 'damaged';
    const member = this.#driver?.member;
    if (member === undefined) return 'follower';
    if (member.leading !== undefined) return 'leader';
    const { voters, learners } = member.configurations.newest;
    if (voters.includes(member.self)) return 'follower';
    return learners.includes(member.self) ? 'learner' : 'outsider';
  }

  #gauges(): ReturnType<Parameters<Metrics['readGaugesFrom']>[0]> {
    const member = this.#driver?.member;
    const state = this.#storage?.state;
    return {
      leader: member?.leading !== undefined,
      ready: this.#isReady(),
      damaged: this.#damage !== undefined,
      natsConnected: this.#natsConnected,
      ballotRound: member?.ballot?.round ?? 0,
      slotIn: member?.slotIn ?? 0,
      slotOut: member?.slotOut ?? 0,
      flushedSlotOut: state?.flushedSlotOut ?? 0,
      logBytes: this.#storage?.opened.log.bytes ?? 0,
      stateBytes: state?.bytes ?? 0,
      overlayBytes: state?.overlayBytes ?? 0,
      queueBytes: this.#driver?.queueBytes ?? 0,
    };
  }

  /**
   * Stops in order: another leader, no new work, the state written, what was sent on its way,
   * files closed.
   */
  async stop(): Promise<void> {
    const driver = this.#driver;
    if (this.#config.mode === 'stable' && driver?.member.leading !== undefined) {
      const { self, configurations } = driver.member;
      const isAlone = configurations.newest.voters.every((voter) => voter === self);
      if (!isAlone) await handOver(driver, HAND_OVER_MS);
    }
    clearInterval(this.#ticker);
    this.#scriptPort?.close();
    this.#serve(undefined);
    if (driver !== undefined) await new Promise<void>((resolve) => driver.stop(resolve));
    const transport = this.#transport;
    if (transport !== undefined && this.#natsConnected) {
      await new Promise<void>((resolve) => transport.flush(resolve));
    }
    await this.#connection?.close();
    await this.#http?.close();
    await this.#storage?.opened.log.close();
    await this.#storage?.state.close();
    this.#folder?.release();
  }
}
