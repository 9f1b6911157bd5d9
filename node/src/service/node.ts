import { alarmCodes } from '../../../contract/src/alarms.ts';
import { errors, type ErrorCode } from '../../../contract/src/error-codes.ts';
import {
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import { startHttp, type HttpServer } from '../../../host/src/http-server.ts';
import type { NatsLink } from '../../../link/src/nats-link.ts';
import { parseRecoveryRequest, parseSetAsideRequest } from '../../../contract/src/recovery.ts';
import { encodeSnapshotAnswer } from '../../../contract/src/snapshot.ts';
import type { SnapshotHeader } from '../../../contract/src/snapshot-file.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { subjectsOf, type Subjects } from '../../../contract/src/subjects.ts';
import { VERSION } from '../../../contract/src/version.ts';
import type { Config } from '../config.ts';
import { Metrics } from '../metrics/metrics.ts';
import { droppedReasons } from '../paxos/effects.ts';
import { messageTable } from '../paxos/message-table.ts';
import { DamageError } from '../storage/damage.ts';
import { openDataFolder, type DataFolder } from '../storage/data-folder.ts';
import { DiskError } from '../storage/disk-error.ts';
import type { FolderLock } from '../storage/folder-lock.ts';
import type { MemberStorage } from '../storage/member-storage.ts';
import { dropReasons, roomIn } from '../transport/transport.ts';
import { AdminApi } from './admin-api.ts';
import { Complaints } from './complaints.ts';
import { LogThrottle } from './log-throttle.ts';
import { serveDirect } from './direct-requests.ts';
import { DiskSpace } from './disk-space.ts';
import { FileWatch } from './file-watch.ts';
import type { Logger } from '../../../host/src/logger.ts';
import { LoopWatch } from './loop-watch.ts';
import { MemberLife } from './member-life.ts';
import { NodeConnection } from './node-connection.ts';
import { NodeData } from './node-data.ts';
import { quotaBytesOf } from './quota.ts';
import { Recovery } from './recovery.ts';
import { RunningMember, type Dropped } from './running-member.ts';
import { SelfReport } from './self-report.ts';
import { SnapshotGiver } from './snapshot-giver.ts';

/** How much a file may grow while a snapshot of it is given, however small the quota is. */
const LEAST_GROWTH_BYTES = 64 * 1024 * 1024;

/**
 * One process of a cluster: its data, its connection, the member that runs over them, and what it
 * shows to the outside. What is damaged is kept for a person to look at; where that costs no vote,
 * the member begins anew without it.
 */
export class Node {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #fatal: (error: Error) => void;
  readonly #crash: () => void;
  readonly #left: () => void;
  readonly #metrics: Metrics;
  readonly #complaints: Complaints;
  /** Of what this member was told. */
  readonly #refusals = new LogThrottle<ErrorCode>();
  readonly #subjects: Subjects;
  readonly #lock: FolderLock;
  readonly #folder: DataFolder;
  readonly #data: NodeData;
  readonly #nats: NodeConnection;
  readonly #space: DiskSpace;
  readonly #files: FileWatch;
  readonly #loop = new LoopWatch();
  readonly #report: SelfReport;
  readonly #recovery: Recovery;
  readonly #snapshots: SnapshotGiver;
  readonly #life: MemberLife<RunningMember>;
  /** Rejected when the member could not begin. */
  #begun: Promise<void> = Promise.resolve();
  #admin: AdminApi | undefined;
  #http: HttpServer | undefined;

  /**
   * Opens the data folder, and formats it when it is new.
   * @param lock of the data folder, until the node has stopped
   * @param fatal told once when the process has to end
   * @param crash told when a crash point fired
   * @param left told when the data folder is somebody else's now: the process has to end
   * @throws NotADataFolderError, ForeignDataError, FormatError
   */
  constructor(
    config: Config,
    lock: FolderLock,
    log: Logger,
    fatal: (error: Error) => void,
    crash: () => void,
    left: () => void,
  ) {
    const { namespace, cluster, name, derived } = config;
    this.#config = config;
    this.#lock = lock;
    this.#folder = openDataFolder(lock.path, {
      cluster: `${namespace}/${cluster}`,
      ...(derived && { memberId: derived.member }),
    });
    const member = this.#folder.memberId;
    this.#log = log.child({ member });
    this.#fatal = fatal;
    this.#crash = crash;
    this.#left = left;
    this.#complaints = new Complaints(this.#log);
    this.#subjects = subjectsOf(namespace, cluster);
    this.#metrics = new Metrics({
      version: VERSION,
      cluster,
      name,
      member,
      messageTypes: Object.keys(messageTable),
      refusalCodes: Object.keys(errors),
      alarmCodes,
      dropReasons: [...dropReasons, ...droppedReasons, 'no-reply-lane', 'script-line'],
    });
    const { natsUrl, natsCredentialsDir, natsTlsDir } = config;
    this.#nats = new NodeConnection({
      access: { url: natsUrl, credentialsDir: natsCredentialsDir, tlsDir: natsTlsDir },
      name: `synod ${cluster} ${name} ${member}`,
      log: this.#log,
    });
    this.#data = new NodeData(
      this.#folder,
      config,
      this.#log,
      () => this.#report.unready(),
      lock.files,
    );
    this.#life = this.#newLife();
    this.#files = this.#watchFiles();
    this.#space = new DiskSpace(this.#folder.path, config.freeBytes);
    this.#report = new SelfReport(config, member, () => ({
      data: this.#data,
      running: this.#life.running,
      fault: this.#life.fault,
      natsConnected: this.#nats.isUp,
      natsTrouble: this.#nats.trouble,
      alarms: [...this.#space.alarms, ...this.#loop.alarms],
      diskFree: this.#space.free,
      quotaBytes: this.#quotaBytes,
    }));
    this.#recovery = new Recovery({
      folder: this.#folder,
      cluster: `${namespace}/${cluster}`,
      data: this.#data,
      log: this.#log,
      running: () => this.#life.running,
      isUnfit: () => this.#life.fault !== undefined,
      left: () => void this.#leave(),
      failed: (error) => this.#life.failed(error),
    });
    this.#snapshots = new SnapshotGiver({
      state: () => (this.#life.fault === undefined ? this.#data.storage?.state : undefined),
      driver: () => this.#life.running?.driver,
      about: () => this.#about(),
      chunkBytes: () => roomIn(this.#nats.link?.maxPayload ?? Infinity),
      mayGrowBytes: () => Math.max(this.#quotaBytes, LEAST_GROWTH_BYTES),
      failed: (error) => this.#life.fail(error),
    });
    this.#data.onClose = () => this.#snapshots.stop();
    this.#metrics.readGaugesFrom(
      () => this.#report.gauges(),
      () => this.#report.alarmCodes(),
    );
  }

  /**
   * Opens the data, shows itself over HTTP, connects, and runs the member, if it has been told the
   * first configuration; else as soon as it is told.
   * @throws AnotherClusterError
   */
  async start(): Promise<void> {
    this.#life.open();
    this.#space.start();
    if (this.#life.fault === undefined) this.#files.start();
    this.#http = await this.#show();
    this.#log.info({ port: this.#http.port }, 'http listens');
    const connection = await this.#nats.connect();
    this.#admin = new AdminApi(connection, this.#subjects, this.#log, () => this.status());
    this.#serve(connection);
    this.#life.begin();
    await this.#begun;
    this.#loop.start(); // What a start takes is no stall.
  }

  #show(): Promise<HttpServer> {
    const { httpHost: host, httpPort: port } = this.#config;
    const { contentType } = this.#metrics;
    const sources = {
      readiness: () => this.#report.readiness(),
      metrics: async () => ({ contentType, text: await this.#metrics.text() }),
    };
    const status = { what: 'what the member says of itself, as JSON', show: () => this.status() };
    const readyz = 'whether the member is ready to serve';
    const failed = (err: Error, url: string): void => {
      this.#log.error({ err, url }, 'an answer over HTTP failed');
    };
    return startHttp({ host, port, sources, readyz, pages: { '/status': status }, failed });
  }

  /** What this one member is asked by itself. */
  #serve(connection: NatsLink): void {
    const { memberId } = this.#folder;
    const subjects = this.#subjects;
    const recovery = this.#recovery;
    const serve = <R, A extends object>(
      subject: string,
      parse: (text: string) => R | undefined,
      answer: (request: R) => Promise<A>,
    ): void => serveDirect(connection, subject, parse, answer, this.#fatal);
    serve(subjects.form(memberId), parseFirstConfiguration, (told) =>
      Promise.resolve(this.#life.form(told)),
    );
    serve(subjects.recover(memberId), parseRecoveryRequest, (asked) => recovery.recover(asked));
    serve(subjects.setAside(memberId), parseSetAsideRequest, (asked) => recovery.setAside(asked));
    connection.subscribe(subjects.snapshot(memberId), (message) => {
      const { reply = '' } = message;
      const answer = this.#snapshots.answer(message.string());
      const respond = (bytes: Uint8Array): void => void connection.publish(reply, bytes);
      answer.then(respond).catch((err: unknown) => {
        this.#log.error({ err }, 'a snapshot could not be given');
        respond(encodeSnapshotAnswer({ ok: false, code: 'FAILED' }));
        if (err instanceof DiskError) this.#fatal(err);
      });
    });
  }

  /** What a snapshot says of where it is from. */
  #about(): Omit<SnapshotHeader, 'machine' | 'slot' | 'digests'> {
    const { namespace, cluster, name } = this.#config;
    const { memberId: member } = this.#folder;
    const { clusterId = '' } = this.#data.first ?? {};
    const time = new Date().toISOString();
    return { version: VERSION, namespace, cluster, clusterId, member, name, time };
  }

  status(): MemberStatus {
    return this.#report.status();
  }

  #newLife(): MemberLife<RunningMember> {
    const data = this.#data;
    return new MemberLife({
      data,
      renewsState: this.#config.mode === 'stable',
      restore: (done) => void data.restore().then(() => done(), done),
      close: (heard, done) => void data.close(heard).then(() => done(), done),
      run: (first, storage) => this.#run(first, storage),
      refused: ({ code, message }) => this.#refusals.pass(code, () => this.#log.error(message)),
      halted: (error) => {
        const where =
          error instanceof DamageError ? { file: error.file, record: error.record } : {};
        this.#log.error(where, `${error.message}; this member stays without roles`);
      },
      fatal: this.#fatal,
    });
  }

  get #quotaBytes(): number {
    return quotaBytesOf(this.#config.quotaBytes, this.#space.size);
  }

  #run(first: FirstConfiguration, storage: MemberStorage): RunningMember {
    const connection = this.#nats.link;
    if (connection === undefined) throw new Error('a member runs before it is connected');
    const running = new RunningMember(
      {
        config: this.#config,
        self: this.#folder.memberId,
        ...{ first, storage, connection },
        subjects: this.#subjects,
        metrics: this.#metrics,
        log: this.#log,
        quotaBytes: () => this.#quotaBytes,
      },
      {
        serving: (driver) => {
          if (this.#admin !== undefined) this.#admin.leading = driver;
        },
        dropped: this.#dropped,
        restored: () => this.#life.tookState(),
        crashed: this.#crash,
        failed: (error) => this.#life.failed(error),
      },
    );
    this.#begun = running.start();
    this.#begun.catch(this.#fatal);
    return running;
  }

  /** Nothing of this member is left; the answer that says so goes out first. */
  async #leave(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#nats.isUp) await this.#nats.link?.flush();
    this.#left();
  }

  /** Counts what was dropped, and complains of it now and then. */
  readonly #dropped = (reason: Dropped, detail: string): void => {
    this.#metrics.dropped.add(reason);
    this.#complaints.complain(reason, detail);
  };

  #watchFiles(): FileWatch {
    return new FileWatch(() => this.#data.look(), {
      lost: (error) => {
        if (this.#life.fault === undefined && !this.#life.isStopping) this.#life.fail(error);
      },
      unsure: (cause) => this.#log.warn({ err: cause }, 'the system does not say how a file is'),
    });
  }

  /**
   * Stops in order: another leader, no new work, the state written, what was sent on its way,
   * files closed.
   */
  async stop(): Promise<void> {
    await new Promise<void>((ready) => this.#life.stop(ready));
    await this.#begun.catch(() => undefined); // Whoever waits for it is told.
    const { running } = this.#life;
    await running?.stop();
    if (this.#nats.isUp) await running?.flushed();
    await this.#nats.close();
    await this.#http?.close();
    this.#space.stop();
    this.#files.stop();
    this.#loop.stop();
    await this.#data.close();
    this.#lock.release();
  }
}
