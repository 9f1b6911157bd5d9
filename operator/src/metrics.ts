import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { conditionStatuses, type Condition } from './api/status.ts';

/*
 * Every metric of the operator is declared here, once. Where a cluster's name is a label there is
 * one series for each cluster.
 */

/** Read at each scrape. Booleans show as 0 and 1. */
export interface GaugeValues {
  readonly leader: boolean;
  readonly queueDepth: number;
  readonly clusters: number;
}

/** Of the snapshots of a cluster that has a CronJob for them. */
export interface BackupFigures {
  readonly namespace: string;
  readonly name: string;
  /** When the last good one was saved, in ms since 1970. */
  readonly lastGood: number | undefined;
  readonly isOverdue: boolean;
}

/** What the conditions of a cluster say. */
export interface ClusterConditions {
  readonly namespace: string;
  readonly name: string;
  readonly conditions: readonly Pick<Condition, 'type' | 'status'>[];
}

const gauges: Readonly<Record<keyof GaugeValues, readonly [name: string, help: string]>> = {
  leader: ['synod_operator_is_leader', '1 while this operator leads.'],
  queueDepth: ['synod_operator_queue_depth', 'Clusters that wait to be reconciled.'],
  clusters: ['synod_operator_clusters', 'Clusters that the leading operator looks after.'],
};

/** How exactly it is measured how late the event loop is. */
const LAG_MS = 100;
const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics of one operator. */
export class Metrics {
  readonly #registry = new Registry();
  readonly reconciles = this.#counter('synod_operator_reconciles_total', 'Reconciles, by result.', [
    'result',
  ]);
  readonly reconcileSeconds = new Histogram({
    name: 'synod_operator_reconcile_seconds',
    help: 'How long a reconcile took.',
    buckets: seconds,
    registers: [this.#registry],
  });
  readonly glances = this.#counter(
    'synod_operator_glances_total',
    'Reconciles that only asked the members of a cluster at rest, and heard what was known.',
  );
  readonly watchRestarts = this.#counter(
    'synod_operator_watch_restarts_total',
    'Watches begun again, by resource and reason.',
    ['resource', 'reason'],
  );
  readonly apiRequests = this.#counter(
    'synod_operator_api_requests_total',
    'Requests of the API server, by verb and resource of RBAC, and HTTP code; "none" without one.',
    ['verb', 'group', 'resource', 'code'],
  );
  readonly eventsDropped = this.#counter(
    'synod_operator_events_dropped_total',
    'Events not written, because their cluster had too many.',
  );
  #read: (() => GaugeValues) | undefined;
  #readConditions: (() => readonly ClusterConditions[]) | undefined;
  #readBackups: (() => readonly BackupFigures[]) | undefined;

  /** @param process metrics of the process and of Node (event loop lag, heap, …) */
  constructor(version: string, process = true) {
    const info = new Gauge({
      name: 'synod_operator_build_info',
      help: 'Always 1; its labels say what runs here.',
      labelNames: ['version', 'node_version'],
      registers: [this.#registry],
    });
    info.set({ version, node_version: globalThis.process.version }, 1);
    for (const result of ['done', 'conflict', 'failed']) this.reconciles.inc({ result }, 0);
    for (const key of Object.keys(gauges) as (keyof GaugeValues)[]) this.#gauge(key);
    this.#conditionGauge();
    this.#backupGauge(
      'synod_operator_last_good_backup_timestamp_seconds',
      'When the last good snapshot of a cluster was saved, in seconds since 1970.',
      ({ lastGood }) => lastGood && lastGood / 1000,
    );
    this.#backupGauge(
      'synod_operator_backup_overdue',
      '1 while the last good snapshot of a cluster is older than its schedule says.',
      ({ isOverdue }) => Number(isOverdue),
    );
    if (!process) return;
    // It wakes the process so often, also when nothing is to be done.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LAG_MS });
  }

  /** Says where a scrape reads the gauges. Before that, they have no values. */
  readGaugesFrom(source: () => GaugeValues): void {
    this.#read = source;
  }

  /** The same, of the clusters whose snapshots are saved. */
  readBackupsFrom(source: () => readonly BackupFigures[]): void {
    this.#readBackups = source;
  }

  /** The same, of every cluster that was looked at. */
  readConditionsFrom(source: () => readonly ClusterConditions[]): void {
    this.#readConditions = source;
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One scrape, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #conditionGauge(): void {
    const read = (): readonly ClusterConditions[] => this.#readConditions?.() ?? [];
    const collect = function (this: Gauge): void {
      this.reset();
      for (const { namespace, name, conditions } of read()) {
        for (const { type: condition, status: held } of conditions) {
          for (const status of conditionStatuses) {
            this.set({ namespace, name, condition, status }, Number(status === held));
          }
        }
      }
    };
    new Gauge({
      name: 'synod_operator_cluster_condition',
      help: '1 for the status that a condition of a cluster has, and 0 for the other two.',
      labelNames: ['namespace', 'name', 'condition', 'status'],
      registers: [this.#registry],
      collect,
    });
  }

  #backupGauge(
    name: string,
    help: string,
    valueOf: (backup: BackupFigures) => number | undefined,
  ): void {
    const read = (): readonly BackupFigures[] => this.#readBackups?.() ?? [];
    const collect = function (this: Gauge): void {
      this.reset();
      for (const backup of read()) {
        const { namespace: cluster_namespace, name: cluster } = backup;
        const value = valueOf(backup);
        if (value !== undefined) this.set({ cluster_namespace, cluster }, value);
      }
    };
    const labelNames = ['cluster_namespace', 'cluster'];
    new Gauge({ name, help, labelNames, registers: [this.#registry], collect });
  }

  #gauge(key: keyof GaugeValues): void {
    const [name, help] = gauges[key];
    const read = (): number => Number(this.#read?.()[key] ?? NaN);
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    new Gauge({ name, help, registers: [this.#registry], collect });
  }
}
