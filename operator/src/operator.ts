import { randomUUID } from 'node:crypto';
import type { V1ObjectMeta } from '@kubernetes/client-node';
import { AtRest, followed } from './at-rest.ts';
import type { Config } from './config.ts';
import { ConflictError } from './kube/api-error.ts';
import type { Client } from './kube/client.ts';
import { jittered, systemClock } from './kube/clock.ts';
import { Events } from './kube/events.ts';
import { kinds } from './kube/kinds.ts';
import type { Term } from './kube/lease.ts';
import { ApiObjects } from './kube/objects.ts';
import { Queue, type Failure, type WorkResult } from './kube/queue.ts';
import { Reflector, restartReasons, type Sink } from './kube/reflector.ts';
import type { Logger } from '../../host/src/logger.ts';
import { NatsMembers } from './members/nats-members.ts';
import type { BackupFigures, ClusterConditions, Metrics } from './metrics.ts';
import type { Backups } from './observation/backups.ts';
import type { ObjectKind } from './ports.ts';
import { FigureKeeper } from './figure-keeper.ts';
import { makeReconcile } from './reconcile/reconcile.ts';
import { CLUSTER_LABEL } from './resources/labels.ts';

/** What members said of their logs is written down so often, at most. */
const FIGURES_MS = 5_000;

export interface OperatorOptions {
  readonly config: Config;
  readonly client: Client;
  readonly identity: string;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What one leader does in its term: watches clusters and what belongs to them, and reconciles. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #term: Term;
  readonly #objects: ApiObjects;
  readonly #members: NatsMembers;
  readonly #atRest: AtRest;
  readonly #queue: Queue;
  readonly #figures: FigureKeeper;
  readonly #backups = new Map<string, BackupFigures>();
  readonly #conditions = new Map<string, ClusterConditions>();
  /** What a person may change of each cluster that exists, by its key, as it was last. */
  readonly #clusters = new Map<string, string>();

  constructor(options: OperatorOptions, term: Term) {
    const { config, client, identity, metrics, log } = options;
    this.#options = options;
    this.#term = term;
    const objects = new ApiObjects(client, term);
    this.#objects = objects;
    this.#members = new NatsMembers({
      objects,
      onFigure: ({ namespace, name }) => {
        this.#queue.addAfter(keyOf({ namespace, name }), FIGURES_MS);
      },
    });
    this.#figures = new FigureKeeper(objects, (cluster) => this.#members.figuresOf(cluster));
    const reconcile = makeReconcile({
      objects,
      members: this.#members,
      events: new Events({
        client,
        instance: identity,
        signal: term.signal,
        clock: systemClock,
        log,
        onDropped: () => metrics.eventsDropped.inc(),
      }),
      now: Date.now,
      newClusterId: randomUUID,
      onBackup: (cluster, backups) => this.#keepBackups(cluster, backups),
      onConditions: ({ namespace, name }, conditions) =>
        this.#conditions.set(keyOf({ namespace, name }), { namespace, name, conditions }),
    });
    this.#atRest = new AtRest({
      look: (key) => reconcile(parseKey(key)),
      glance: (key, count) => this.#members.glance(parseKey(key), count),
      clock: systemClock,
      onRest: () => metrics.glances.inc(),
    });
    this.#queue = new Queue({
      work: async (key) => {
        const result = await this.#atRest.look(key);
        await this.#figures.keep(parseKey(key));
        return this.#again(key, result);
      },
      concurrency: config.concurrency,
      clock: systemClock,
      random: Math.random,
      onDone: (key, ms, failure) => this.#done(key, ms, failure),
    });
  }

  get leads(): boolean {
    return this.#term.isHeld();
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get clusters(): number {
    return this.#clusters.size;
  }

  /** Of each cluster whose snapshots are saved. */
  get backups(): readonly BackupFigures[] {
    return [...this.#backups.values()];
  }

  /** Of each cluster that was looked at, and exists. */
  get conditions(): readonly ClusterConditions[] {
    return [...this.#conditions.values()];
  }

  /** Works until the term is over, or is to end; what was begun is finished. */
  async run(): Promise<void> {
    const { ending } = this.#term;
    const clusters: Sink = {
      listed: (objects) => this.#listed(objects),
      changed: (object) => this.#changed(object),
      deleted: (object) => this.#deleted(keyOf(object)),
    };
    const belongings: Sink = {
      listed: (objects) => new Set(objects.map(clusterOf)).forEach((key) => this.#touched(key)),
      changed: (object) => this.#touched(clusterOf(object)),
      deleted: (object) => this.#touched(clusterOf(object)),
    };
    const reflectors = [
      this.#reflector('PaxosCluster', clusters).run(ending),
      ...followed.map((kind) => this.#reflector(kind, belongings, CLUSTER_LABEL).run(ending)),
    ];
    await Promise.all(reflectors);
    await this.#queue.stop();
    await this.#members.close();
  }

  #reflector(kind: ObjectKind, sink: Sink, label?: string): Reflector {
    const { client, config, log, metrics } = this.#options;
    const resource = kinds[kind];
    // A series that begins at its first restart would not show that one as an increase.
    for (const reason of restartReasons) {
      metrics.watchRestarts.inc({ resource: resource.plural, reason }, 0);
    }
    return new Reflector({
      client,
      resource,
      namespace: config.watchNamespace ?? '',
      ...(label !== undefined && { label }),
      sink,
      log,
      random: Math.random,
      onRestart: ({ plural }, reason) => metrics.watchRestarts.inc({ resource: plural, reason }),
    });
  }

  #listed(objects: readonly V1ObjectMeta[]): void {
    const keys = objects.map(keyOf);
    const gone = [...this.#clusters.keys()].filter((key) => !keys.includes(key));
    for (const key of gone) this.#deleted(key);
    for (const object of objects) {
      this.#clusters.set(keyOf(object), askedOf(object));
      this.#touched(keyOf(object));
    }
  }

  /** What the operator itself writes, which is the status, is no reason to look again. */
  #changed(object: V1ObjectMeta): void {
    const [key, asked] = [keyOf(object), askedOf(object)];
    if (this.#clusters.get(key) === asked) return;
    this.#clusters.set(key, asked);
    this.#touched(key);
  }

  #deleted(key: string): void {
    this.#clusters.delete(key);
    this.#atRest.forget(key);
    this.#backups.delete(key);
    this.#conditions.delete(key);
    this.#figures.forget(parseKey(key));
    const { namespace, name } = parseKey(key);
    this.#objects.forget(namespace, name);
    void this.#members.forget(parseKey(key));
  }

  #keepBackups({ namespace, name }: Key, backups: Backups | undefined): void {
    const key = keyOf({ namespace, name });
    if (backups === undefined) {
      this.#backups.delete(key);
      return;
    }
    const { lastGood, overdue } = backups;
    this.#backups.set(key, { namespace, name, lastGood, isOverdue: overdue !== undefined });
  }

  /** What belongs to no cluster that exists is left alone. */
  #touched(key: string): void {
    if (!this.#clusters.has(key)) return;
    this.#atRest.changed(key);
    this.#queue.add(key);
  }

  /** Members are observed by asking them, so every cluster is looked at from time to time. */
  #again(key: string, { againAfterMs = Infinity }: WorkResult): WorkResult {
    if (!this.#clusters.has(key)) {
      // It may have been deleted while it was looked at.
      this.#deleted(key);
      return {};
    }
    const resyncMs = jittered(this.#options.config.resyncMs, Math.random);
    return { againAfterMs: Math.min(againAfterMs, resyncMs) };
  }

  #done(key: string, ms: number, failure: Failure | undefined): void {
    const { metrics, log } = this.#options;
    metrics.reconcileSeconds.observe(ms / 1000);
    metrics.reconciles.inc({ result: resultOf(failure) });
    if (failure === undefined) return;
    const { error: err, againAfterMs } = failure;
    const said = { cluster: key, err, againAfterMs: Math.round(againAfterMs) };
    if (isConflict(failure)) log.debug(said, 'what was read had changed');
    else log.warn(said, 'a cluster could not be reconciled');
  }
}

function resultOf(failure: Failure | undefined): 'done' | 'conflict' | 'failed' {
  if (failure === undefined) return 'done';
  return isConflict(failure) ? 'conflict' : 'failed';
}

/** Somebody else was quicker: that is nobody's fault. */
function isConflict({ error }: Failure): boolean {
  return error instanceof ConflictError;
}

function keyOf({ namespace = '', name = '' }: V1ObjectMeta): string {
  return `${namespace}/${name}`;
}

/** What changes with whatever a person does to a cluster, and not with its status. */
function askedOf({
  uid,
  generation,
  labels,
  annotations,
  deletionTimestamp,
}: V1ObjectMeta): string {
  return JSON.stringify([uid, generation, labels, annotations, deletionTimestamp]);
}

function clusterOf({ namespace = '', labels = {} }: V1ObjectMeta): string {
  return `${namespace}/${labels[CLUSTER_LABEL] ?? ''}`;
}

interface Key {
  readonly namespace: string;
  readonly name: string;
}

function parseKey(key: string): Key {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
