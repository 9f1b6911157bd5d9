import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { NatsConnection } from 'nats';
import type { MemberRole, MemberStatus } from '../../../contract/src/status.ts';
import { errors } from '../../../contract/src/error-codes.ts';
import {
  isSameFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { FormAnswer } from '../../../contract/src/form.ts';
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
import {
  readFirstConfiguration,
  storeFirstConfiguration,
} from '../storage/first-configuration-file.ts';
import { openLmdbState, type LmdbStateOptions } from '../storage/lmdb-state.ts';
import type { OpenedLog } from '../storage/log.ts';
import { openSegmentLog } from '../storage/segment-log.ts';
import { isOfState, setStateAside, stateSetAside } from '../storage/state-files.ts';
import type { StateStore } from '../storage/state.ts';
import { connectNats } from '../transport/nats-connection.ts';
import { NatsTransport } from '../transport/nats.ts';
import { dropReasons, type DropReason } from '../transport/transport.ts';
import { AdminApi, handOver } from './admin-api.ts';
import { ClientApi, type RequestDropReason } from './client-api.ts';
import { CrashPoints } from './crash-points.ts';
import { Driver, UNKNOWN_MEMBER } from './driver.ts';
import { serveForm } from './form-api.ts';
import { startHttp, type HttpServer } from './http.ts';
import type { Logger } from './logger.ts';
import { Complaints } from './complaints.ts';
import { roleOf } from './role.ts';
import { ScriptPort, type LineDropReason } from './script-port.ts';

export const VERSION = '0.1.0';
const OVERLAY_BYTES = 8 * 1024 * 1024;
/** Of the state on its way to another member: read within a few milliseconds. */
const CHUNK_BYTES = 256 * 1024;
const SEGMENT_BYTES = 64 * 1024 * 1024;
const WAIT_MS = 30_000;
const STALL_MS = 1_000;
/** Who stops while it leads waits so long for another leader. */
const HAND_OVER_MS = 300;

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
  readonly #folder: DataFolder;
  readonly #started = performance.now();
  /** Without it, the member is told first: it has no roles, and hears no protocol message. */
  #first: FirstConfiguration | undefined;
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
  /** What is wrong with it, in a sentence. */
  #natsTrouble: [sentence: string] | undefined;
  #ready = false;
  #stopping = false;
  /** Settles when the member runs again. */
  #restarting: Promise<void> | undefined;

  /**
   * Takes the data folder, and formats it when it is new.
   * @param fatal told once when the process has to end
   * @param crash told when a crash point fired
   * @throws FolderInUseError, NotADataFolderError, ForeignDataError, FormatError
   */
  constructor(config: Config, log: Logger, fatal: (error: Error) => void, crash: () => void) {
    const { namespace, cluster, name, data, derived } = config;
    this.#config = config;
    this.#folder = openDataFolder(data, {
      cluster: `${namespace}/${cluster}`,
      ...(derived && { memberId: derived.member }),
    });
    const member = this.#folder.memberId;
    this.#log = log.child({ member });
    this.#fatal = fatal;
    this.#crash = crash;
    this.#complaints = new Complaints(this.#log);
    this.#subjects = subjectsOf(namespace, cluster);
    this.#metrics = new Metrics({
      version: VERSION,
      cluster,
      name,
      member,
      messageTypes: Object.keys(waitsForFlush),
      refusalCodes: Object.keys(errors),
      dropReasons: [...dropReasons, UNKNOWN_MEMBER, 'no-reply-lane', 'script-line'],
    });
    this.#metrics.readGaugesFrom(() => this.#gauges());
  }

  /**
   * Opens the data, shows itself over HTTP, connects, and runs the member, if it has been told the
   * first configuration; else as soon as it is told.
   * @throws AnotherClusterError
   */
  async start(): Promise<void> {
    const { httpHost, httpPort } = this.#config;
    this.#open();
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
    const subject = this.#subjects.form(this.#folder.memberId);
    serveForm(connection, subject, (told) => this.#form(connection, told), this.#fatal);
    await this.#run(connection);
  }

  /** Damage is kept for a person to look at: the member stays up without roles. */
  #open(): void {
    const folder = this.#folder.path;
    const derived = this.#derivedConfiguration();
    try {
      this.#first = derived
        ? storeFirstConfiguration(folder, derived)
        : readFirstConfiguration(folder);
      if (this.#first === undefined) this.#log.info({ data: folder }, 'it waits to be told');
      else this.#openStorage(this.#first);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#damaged(error);
    }
  }

  /** Processes of a master's script know one another by their numbers, and so do the ids. */
  #derivedConfiguration(): FirstConfiguration | undefined {
    const { namespace, cluster, derived } = this.#config;
    if (derived === undefined) return undefined;
    const { members, window } = derived;
    return { clusterId: `${namespace}-${cluster}`, members, window };
  }

  /** Stores what this member is told, and runs at once: it stays in that cluster for ever. */
  async #form(connection: NatsConnection, told: FirstConfiguration): Promise<FormAnswer> {
    if (this.#first !== undefined) {
      return isSameFirstConfiguration(this.#first, told)
        ? { ok: true, clusterId: told.clusterId }
        : { ok: false, code: 'ANOTHER_CLUSTER' };
    }
    if (this.#damage !== undefined) return { ok: false, code: 'DAMAGED' };
    try {
      this.#first = storeFirstConfiguration(this.#folder.path, told);
      this.#log.info(told, 'it has been told the first configuration');
      this.#openStorage(told);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#damaged(error);
      return { ok: false, code: 'DAMAGED' };
    }
    await this.#run(connection);
    return { ok: true, clusterId: told.clusterId };
  }

  #openStorage({ clusterId }: FirstConfiguration): void {
    const { path: folder, memberId } = this.#folder;
    const ids = { clusterId, memberId };
    const state = this.#openState({ folder, ...ids });
    const slotOut = state.flushedSlotOut;
    const logFolder = new DiskFolder(path.join(folder, 'log'));
    const keepBytes = this.#config.logBytes;
    const segmentBytes = Math.min(keepBytes / 4, SEGMENT_BYTES);
    const opened = openSegmentLog({ folder: logFolder, ...ids, slotOut, keepBytes, segmentBytes });
    this.#storage = { opened, state };
    const { decidedMark } = opened.recovered;
    this.#log.info({ slotOut, decidedMark, data: folder }, 'data opened');
  }

  #openState(options: LmdbStateOptions): StateStore {
    try {
      return openLmdbState(options);
    } catch (error) {
      const isState = error instanceof DamageError && isOfState(error);
      if (!isState || this.#config.mode === 'on-demand') throw error;
      this.#setAside(error);
      return openLmdbState(options);
    }
  }

  #damaged(error: DamageError): void {
    this.#damage = error;
    const { file, record } = error;
    this.#log.error({ file, record }, `${error.message}; this member stays without roles`);
  }

  async #connect(): Promise<NatsConnection> {
    const { natsUrl, natsCredentialsDir, natsTlsDir, cluster, name } = this.#config;
    this.#connection = await connectNats({
      access: { url: natsUrl, credentialsDir: natsCredentialsDir, tlsDir: natsTlsDir },
      name: `synod ${cluster} ${name} ${this.#folder.memberId}`,
      onConnected: () => this.#connected(true),
      onDisconnected: () => this.#connected(false),
      onTrouble: (sentence) => {
        this.#natsTrouble = [sentence];
        this.#log.warn({ natsUrl }, sentence);
      },
    });
    return this.#connection;
  }

  #connected(connected: boolean): void {
    this.#natsConnected = connected;
    this.#natsTrouble = undefined;
    if (this.#transport !== undefined) this.#transport.connected = connected;
    if (connected) this.#log.info({ natsUrl: this.#config.natsUrl }, 'nats connected');
    else
      this.#log.warn(
        { natsUrl: this.#config.natsUrl },
        'nats disconnected; going on when it is back',
      );
  }

  /** Gives the member its roles, once it has been told and its data is well. */
  async #run(connection: NatsConnection): Promise<void> {
    if (this.#first === undefined || this.#storage === undefined) return;
    const { mode, pipeline, batchBytes } = this.#config;
    const { clusterId, members: voters, window } = this.#first;
    const { opened, state } = this.#storage;
    const self = this.#folder.memberId;
    const machine = this.#config.machine === 'counter' ? counter : chatLog;
    const applier = new Applier(machine, state.tables);
    const transport = new NatsTransport({
      connection,
      subjects: this.#subjects,
      cluster: clusterId,
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
    this.#log.info({ mode, clusterId, voters, machine: machine.name }, 'member runs');
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
      chunkBytes: CHUNK_BYTES,
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
      collected: (floor) => this.#log.info({ floor }, 'log collected'),
      restored: (slotOut) => {
        this.#log.info({ slotOut }, "another member's state is here; going on from it");
        void this.#restart(() => undefined);
      },
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
    if (isOfState(error) && this.#config.mode === 'stable') {
      void this.#restart(() => this.#setAside(error));
      return;
    }
    this.#damaged(error);
    clearInterval(this.#ticker);
    this.#serve(undefined);
  }

  /** What is wrong with the state costs no vote: it comes anew, from the log or another member. */
  #setAside(error: DamageError): void {
    this.#ready = false;
    setStateAside(this.#folder.path);
    this.#log.error({ file: error.file, record: error.record }, `${error.message}; set aside`);
  }

  /**
   * The member begins again from what is on disk, as after a crash.
   * @param change what is done to the state while it is closed
   */
  async #restart(change: () => void): Promise<void> {
    if (this.#stopping) return;
    this.#restarting = this.#endRun()
      .then(async () => {
        change();
        this.#open();
        if (this.#connection !== undefined) await this.#run(this.#connection);
      })
      .catch(this.#fatal);
    await this.#restarting;
  }

  /** The member has stopped: nothing of it stays. */
  async #endRun(): Promise<void> {
    clearInterval(this.#ticker);
    this.#serve(undefined);
    this.#transport?.detach();
    const storage = this.#storage;
    this.#driver = undefined;
    this.#transport = undefined;
    this.#applier = undefined;
    this.#api = undefined;
    this.#storage = undefined;
    await storage?.opened.log.close();
    await storage?.state.close();
  }

  /** Leadership on demand is driven by a master over TCP. */
  async #listenToScripts(
    driver: Driver,
    applier: Applier,
    transport: NatsTransport,
  ): Promise<void> {
    const { scriptPort: port, derived } = this.#config;
    if (port === undefined || derived === undefined) return;
    const client = randomBytes(16);
    const points = new CrashPoints((command) => client.compare(command, 1, 17) === 0);
    driver.filter = points.filter;
    this.#scriptPort = new ScriptPort({
      driver,
      applier,
      log: this.#log,
      onDropped: this.#dropped,
      members: derived.members,
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
    if (this.#first === undefined && this.#natsConnected) return 'it has not been told its cluster';
    if (this.#driver === undefined) return 'it waits for NATS';
    if (this.#driver.member.leader === undefined) return 'no leader is known yet';
    return 'it catches up';
  }

  status(): MemberStatus {
    const { cluster, name, machine, mode } = this.#config;
    const first = this.#first;
    const member = this.#driver?.member;
    const newest = member?.configurations.newest;
    const alarms = this.#damage === undefined ? [] : [this.#damage.message];
    if (this.#driver?.stalled === true) {
      alarms.push('The disk has not finished a write for more than a second.');
    }
    const kept = stateSetAside(this.#folder.path);
    if (kept !== undefined) {
      alarms.push(`A state failed its checks and is kept as ${kept}. Look at it, then delete it.`);
    }
    if (!this.#natsConnected) {
      alarms.push('The connection to NATS is down.', ...(this.#natsTrouble ?? []));
    }
    return {
      cluster,
      clusterId: first?.clusterId ?? null,
      firstConfiguration: first ?? null,
      name,
      member: this.#folder.memberId,
      version: VERSION,
      machine,
      mode,
      role: this.#role(),
      ready: this.#isReady(),
      ballot: formatBallot(member?.ballot),
      leader: member?.leader ?? null,
      configuration: newest?.number ?? 0,
      voters: newest?.voters ?? first?.members ?? [],
      learners: newest?.learners ?? [],
      window: first?.window ?? 0,
      slotOut: member?.slotOut ?? this.#storage?.state.flushedSlotOut ?? 0,
      flushedSlotOut: this.#storage?.state.flushedSlotOut ?? 0,
      floor: this.#storage?.opened.log.first ?? 0,
      operationsApplied: this.#applier?.operationsApplied ?? 0,
      natsConnected: this.#natsConnected,
      logBytes: this.#storage?.opened.log.bytes ?? 0,
      stateBytes: this.#storage?.state.bytes ?? 0,
      uptimeSeconds: Math.round((performance.now() - this.#started) / 1000),
      alarms,
    };
  }

  #role(): MemberRole {
    if (this.#damage !== undefined) return 'damaged';
    const first = this.#first;
    if (first === undefined) return 'unformed';
    const member = this.#driver?.member;
    if (member?.leading !== undefined) return 'leader';
    const { members: voters, window } = first;
    const known = member?.configurations.rulingFrom(member.slotOut);
    return roleOf(this.#folder.memberId, known ?? [firstConfiguration(voters, window)]);
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
    this.#stopping = true;
    await this.#restarting;
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
    this.#folder.release();
  }
}
