import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Tally } from './tally.ts';

/* Every metric of a node is declared here, once. A slot or a ballot is never a label. */

/** Counted by the driver as plain numbers. */
const counters = {
  decisions: ['synod_decisions_total', 'Slots decided, as learned by this member.'],
  commands: ['synod_commands_total', 'Client commands applied, duplicates included.'],
  operations: ['synod_operations_total', 'Operations that ran on the state machine.'],
  duplicates: ['synod_duplicates_total', 'Commands that were decided again and not run again.'],
  sessionsExpired: [
    'synod_sessions_expired_total',
    'Sessions of clients that were silent too long.',
  ],
  reads: ['synod_reads_total', 'Reads answered by this member, without the log.'],
  scouts: ['synod_scouts_total', 'Scouts started: attempts of this member to lead.'],
  leaderChanges: ['synod_leader_changes_total', 'Times this member began or ceased to lead.'],
} as const;

/** Read from the node at each scrape. */
const gauges = {
  leader: ['synod_is_leader', '1 while this member is the active leader.'],
  ready: ['synod_is_ready', '1 while the member is ready to serve.'],
  damaged: ['synod_is_damaged', '1 while the member stays without roles: its data is damaged.'],
  halted: ['synod_is_halted', '1 while it has no roles because it, or its data, is not trusted.'],
  natsConnected: ['synod_nats_connected', '1 while the connection to NATS is up.'],
  voters: ['synod_voters', 'Voters that the newest configuration known to this member has.'],
  learners: ['synod_learners', 'Learners that it has.'],
  unheard: ['synod_unheard_members', 'Members that this leader has not heard for a minute.'],
  window: ['synod_window_slots', 'WINDOW: so many slots may be under way at a time.'],
  ballotRound: ['synod_ballot_round', "Round of the acceptor's ballot; 0 before the first."],
  machineVersion: [
    'synod_machine_version',
    'Version of the machine in force; 0 before the member is told.',
  ],
  slotIn: ['synod_slot_in', 'The next slot that this replica would propose for.'],
  slotOut: ['synod_slot_out', 'Every slot below it is applied.'],
  flushedSlotOut: ['synod_flushed_slot_out', 'Every slot below it is in the state on disk.'],
  logBytes: ['synod_log_bytes', 'Size of the log on disk.'],
  stateBytes: ['synod_state_bytes', 'Size of the state on disk.'],
  stateUsedBytes: ['synod_state_used_bytes', 'The part of it that holds something.'],
  quotaBytes: ['synod_quota_bytes', 'Bytes that the state may hold, as this member is set up.'],
  overlayBytes: ['synod_overlay_bytes', 'State in memory that waits for its cut to disk.'],
  unwrittenBytes: ['synod_unwritten_bytes', 'Log and state in memory that wait for the disk.'],
  queueBytes: ['synod_queue_bytes', 'Client commands that wait for their decision.'],
  queueLimitBytes: ['synod_queue_limit_bytes', 'More of them is refused as OVERLOADED.'],
  sessions: ['synod_sessions', 'Sessions of clients that the state has.'],
  sessionsBytes: ['synod_sessions_bytes', 'What they take, replies included.'],
  diskFreeBytes: ['synod_disk_free_bytes', 'Bytes free on the disk of the data folder.'],
} as const;

const labelled = {
  sent: ['synod_messages_sent_total', 'Protocol messages sent, by type.', 'type'],
  received: ['synod_messages_received_total', 'Protocol messages received, by type.', 'type'],
  dropped: ['synod_messages_dropped_total', 'Incoming messages dropped, by reason.', 'reason'],
  refused: ['synod_requests_refused_total', 'Client requests refused, by error code.', 'code'],
} as const;

const alarm = ['synod_alarm', '1 while there is an alarm, by what it is about.', 'code'] as const;

/** Close together up to a second, where objectives lie. */
const fine = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
].concat([1, 2.5, 5, 10]);
const histograms = {
  batchCommands: [
    'synod_batch_commands',
    'Commands in a decided batch.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  ],
  batchBytes: [
    'synod_batch_bytes',
    'Bytes of commands in a decided batch.',
    [256, 1024, 4096, 16_384, 65_536, 131_072, 262_144, 524_288, 786_432],
  ],
  commitSeconds: ['synod_commit_seconds', 'From the arrival of a request to its reply.', fine],
  readSeconds: ['synod_read_seconds', 'From the arrival of a read to its answer.', fine],
  logSyncSeconds: ['synod_log_sync_seconds', 'Writing one batch of log records, durably.', fine],
  cutSeconds: ['synod_state_cut_seconds', 'Writing one cut of the state to disk.', fine],
} as const;

/** What a scrape reads from the node. Booleans show as 0 and 1. */
export type GaugeValues = Readonly<Record<keyof typeof gauges, number | boolean>>;

type Histograms = Readonly<Record<keyof typeof histograms, Pick<Histogram, 'observe'>>>;

export interface MetricsOptions {
  readonly version: string;
  readonly cluster: string;
  /** Where the member runs; its id without one. */
  readonly name?: string;
  readonly member: string;
  /** Labels whose series exist from the start, at 0. */
  readonly messageTypes?: readonly string[];
  readonly refusalCodes?: readonly string[];
  readonly dropReasons?: readonly string[];
  readonly alarmCodes?: readonly string[];
  /** Metrics of the process and of Node (event loop lag, heap, …); default true. */
  readonly process?: boolean;
}

/**
 * The metrics of one node. Hot paths add to the plain numbers of `counts` and to the tallies; a
 * scrape collects them. `observe` of a histogram takes about 60 ns.
 */
export class Metrics {
  readonly counts: Record<keyof typeof counters, number> = zeros();
  readonly sent: Tally;
  readonly received: Tally;
  readonly dropped: Tally;
  readonly refused: Tally;
  readonly histograms: Histograms;
  readonly #registry = new Registry();
  #readGauges: (() => GaugeValues) | undefined;
  #readAlarms: () => readonly string[] = () => [];

  constructor(options: MetricsOptions) {
    this.sent = new Tally(options.messageTypes);
    this.received = new Tally(options.messageTypes);
    this.dropped = new Tally(options.dropReasons);
    this.refused = new Tally(options.refusalCodes);
    this.#declareInfo(options);
    this.#declareCounters();
    this.#declareTallies();
    this.#declareGauges();
    this.#declareAlarms(options.alarmCodes ?? []);
    this.histograms = this.#declareHistograms();
    if (options.process !== false) collectDefaultMetrics({ register: this.#registry });
  }

  /**
   * Says where a scrape reads the gauges, and the codes of the alarms that there are. Before that,
   * gauges have no values.
   */
  readGaugesFrom(source: () => GaugeValues, alarms: () => readonly string[]): void {
    this.#readGauges = source;
    this.#readAlarms = alarms;
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One scrape, in the text format of Prometheus. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  #declareInfo({ version, cluster, member, name = member }: MetricsOptions): void {
    const info = new Gauge({
      name: 'synod_build_info',
      help: 'Always 1; its labels say what runs here.',
      labelNames: ['version', 'node_version', 'cluster', 'name', 'member'],
      registers: [this.#registry],
    });
    info.set({ version, node_version: process.version, cluster, name, member }, 1);
  }

  #declareCounters(): void {
    const { counts } = this;
    for (const key of keysOf(counters)) {
      const [name, help] = counters[key];
      const collect = function (this: Counter): void {
        this.reset();
        this.inc(counts[key]);
      };
      new Counter({ name, help, registers: [this.#registry], collect });
    }
  }

  #declareTallies(): void {
    for (const key of keysOf(labelled)) {
      const [name, help, label] = labelled[key];
      const tally = this[key];
      const collect = function (this: Counter): void {
        this.reset();
        for (const [value, count] of tally.entries()) this.inc({ [label]: value }, count);
      };
      new Counter({ name, help, labelNames: [label], registers: [this.#registry], collect });
    }
  }

  #declareGauges(): void {
    const read = (key: keyof GaugeValues): number => Number(this.#readGauges?.()[key] ?? NaN);
    for (const key of keysOf(gauges)) {
      const [name, help] = gauges[key];
      const collect = function (this: Gauge): void {
        this.set(read(key));
      };
      new Gauge({ name, help, registers: [this.#registry], collect });
    }
  }

  /** Each code has its series, also while there is no such alarm. */
  #declareAlarms(codes: readonly string[]): void {
    const [name, help, label] = alarm;
    const read = (): readonly string[] => this.#readAlarms();
    const collect = function (this: Gauge): void {
      const raised = read();
      for (const code of codes) this.set({ [label]: code }, Number(raised.includes(code)));
    };
    new Gauge({ name, help, labelNames: [label], registers: [this.#registry], collect });
  }

  #declareHistograms(): Histograms {
    const declare = (key: keyof typeof histograms): Histogram => {
      const [name, help, buckets] = histograms[key];
      return new Histogram({ name, help, buckets: [...buckets], registers: [this.#registry] });
    };
    return {
      batchCommands: declare('batchCommands'),
      batchBytes: declare('batchBytes'),
      commitSeconds: declare('commitSeconds'),
      readSeconds: declare('readSeconds'),
      logSyncSeconds: declare('logSyncSeconds'),
      cutSeconds: declare('cutSeconds'),
    };
  }
}

function zeros(): Record<keyof typeof counters, number> {
  return {
    decisions: 0,
    commands: 0,
    operations: 0,
    duplicates: 0,
    sessionsExpired: 0,
    reads: 0,
    scouts: 0,
    leaderChanges: 0,
  };
}

function keysOf<K extends string>(declared: Record<K, unknown>): K[] {
  return Object.keys(declared) as K[];
}
