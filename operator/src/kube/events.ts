import { randomUUID } from 'node:crypto';
import { V1MicroTime } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Logger } from '../../../host/src/logger.ts';
import type { Recorder } from '../ports.ts';
import { NotFoundError } from './api-error.ts';
import type { Client } from './client.ts';
import type { Clock } from './clock.ts';
import { events } from './kinds.ts';

export interface EventsOptions {
  readonly client: Client;
  /** This process. */
  readonly instance: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onDropped?: () => void;
}

const CONTROLLER = 'synod.dev/operator';
const DEADLINE_MS = 5_000;
/** Longer ones are refused. */
const MAX_NOTE_BYTES = 1024;
const ELLIPSIS = '…';

/** The same again within so long is counted in the event that is there. */
const SERIES_MS = 10 * 60_000;
/** And the count is written no more often than this. */
const COUNT_MS = 30_000;
const MAX_SERIES = 1_000;

/** A cluster may have so many events at once, and then one each so often. */
const BURST = 20;
const REFILL_MS = 30_000;

interface Series {
  readonly name: string;
  readonly seenAt: number;
  readonly writtenAt: number;
  readonly count: number;
}

interface Allowance {
  readonly left: number;
  readonly at: number;
}

/** What the operator did, for `kubectl describe`. One that cannot be written is only logged. */
export class Events implements Recorder {
  readonly #options: EventsOptions;
  readonly #series = new Map<string, Series>();
  /** By the uid of the cluster. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  async record(
    about: PaxosCluster,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): Promise<void> {
    const { log, signal } = this.#options;
    const { uid, namespace, name } = about.metadata;
    const note = cut(message);
    const said = { cluster: `${namespace}/${name}`, type, reason };
    try {
      const isRepeat = await this.#repeat(namespace, `${uid} ${type} ${reason} ${note}`);
      log[isRepeat ? 'debug' : 'info'](said, note);
      if (!isRepeat) await this.#write(about, { type, reason, note });
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, reason }, 'an event was not written');
    }
  }

  /** @returns whether it is counted in an event that is there */
  async #repeat(namespace: string, key: string): Promise<boolean> {
    const { client, clock, signal } = this.#options;
    const now = clock.now();
    const series = this.#series.get(key);
    if (series === undefined || now - series.seenAt > SERIES_MS) return false;
    const count = series.count + 1;
    const isDue = now - series.writtenAt >= COUNT_MS;
    this.#remember(key, {
      ...series,
      count,
      seenAt: now,
      writtenAt: isDue ? now : series.writtenAt,
    });
    if (!isDue) return true;
    try {
      await client.send({
        verb: 'patch',
        resource: events,
        namespace,
        name: series.name,
        contentType: 'application/merge-patch+json',
        body: { series: { count, lastObservedTime: new V1MicroTime() } },
        deadlineMs: DEADLINE_MS,
        signal,
      });
      return true;
    } catch (error) {
      // Events are kept for an hour or so.
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  async #write(
    about: PaxosCluster,
    event: { readonly type: string; readonly reason: string; readonly note: string },
  ): Promise<void> {
    const { client, instance, clock, signal, onDropped } = this.#options;
    const { apiVersion, kind, metadata } = about;
    const { namespace, name, uid, resourceVersion } = metadata;
    if (!this.#isAllowed(uid)) {
      onDropped?.();
      return;
    }
    const now = clock.now();
    const series = { name: `${name}.${randomUUID()}`, seenAt: now, writtenAt: now, count: 1 };
    this.#remember(`${uid} ${event.type} ${event.reason} ${event.note}`, series);
    await client.send({
      verb: 'create',
      resource: events,
      namespace,
      body: {
        apiVersion: events.apiVersion,
        kind: events.kind,
        metadata: { namespace, name: series.name },
        eventTime: new V1MicroTime(),
        reportingController: CONTROLLER,
        reportingInstance: instance,
        action: event.reason,
        regarding: { apiVersion, kind, namespace, name, uid, resourceVersion },
        ...event,
      },
      deadlineMs: DEADLINE_MS,
      signal,
    });
  }

  #isAllowed(uid: string): boolean {
    const now = this.#options.clock.now();
    const { left, at } = this.#allowances.get(uid) ?? { left: BURST, at: now };
    const refilled = Math.min(BURST, left + (now - at) / REFILL_MS);
    this.#allowances.delete(uid);
    this.#allowances.set(uid, { left: refilled < 1 ? refilled : refilled - 1, at: now });
    forgetOldest(this.#allowances, MAX_SERIES);
    return refilled >= 1;
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    forgetOldest(this.#series, MAX_SERIES);
  }
}

/** Bytes count, and a character is not cut. */
function cut(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MAX_NOTE_BYTES) return message;
  const start = bytes.subarray(0, MAX_NOTE_BYTES - Buffer.byteLength(ELLIPSIS));
  return `${new TextDecoder().decode(start, { stream: true })}${ELLIPSIS}`;
}

/** Keys of a map are in the order in which they were set. */
function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
