import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { Logger } from '../../../host/src/logger.ts';
import { ApiError, apiError, GoneError } from './api-error.ts';
import type { ApiRequest, Client } from './client.ts';
import { backoff, pause, systemClock } from './clock.ts';
import type { Resource } from './kinds.ts';

/** Told what there is. Objects are looked at later, each by itself: only metadata is sent. */
export interface Sink {
  /** All there are. */
  listed(objects: readonly V1ObjectMeta[]): void;
  changed(object: V1ObjectMeta): void;
  deleted(object: V1ObjectMeta): void;
}

/** Why a watch was begun again. */
export const restartReasons = ['ended', 'gone', 'refused', 'unreachable', 'garbage'] as const;
export type RestartReason = (typeof restartReasons)[number];

export interface Timing {
  /** The API server ends the watch after about so long. */
  readonly watchMs: number;
  /** A bookmark comes each minute: without a line for so long, the connection is dead. */
  readonly idleMs: number;
  /** Everything is listed again so often, in case something was missed. */
  readonly relistMs: number;
  /** The first pause after a failure, and the longest. */
  readonly leastPauseMs: number;
  readonly mostPauseMs: number;
}

const defaultTiming: Timing = {
  watchMs: 300_000,
  idleMs: 150_000,
  relistMs: 900_000,
  leastPauseMs: 250,
  mostPauseMs: 30_000,
};

export interface ReflectorOptions {
  readonly client: Client;
  readonly resource: Resource;
  /** Empty for all namespaces. */
  readonly namespace: string;
  /** Only objects that have this label. */
  readonly label?: string;
  readonly sink: Sink;
  readonly log: Logger;
  readonly onRestart?: (resource: Resource, reason: RestartReason) => void;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly timing?: Partial<Timing>;
}

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const PAGE = '500';

/** A line of a watch that nobody understands. */
class GarbageError extends Error {
  override readonly name = 'GarbageError';
}

/** Follows the objects of one resource: lists them, and watches from there, as long as it is to. */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timing: Timing;
  /** What is known: the watch goes on from there. */
  #version: string | undefined;
  #listedAt = 0;
  #failures = 0;
  /** When the API server wants to be asked again. */
  #retryAfterMs = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  /** Ends with the signal, and for no other reason. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, onRestart, resource } = this.#options;
    const { leastPauseMs, mostPauseMs, relistMs } = this.#timing;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      let reason: RestartReason = 'ended';
      try {
        if (performance.now() - this.#listedAt > relistMs) this.#version = undefined;
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
      } catch (error) {
        reason = this.#reasonOf(error, signal);
      }
      if (isOver()) return;
      onRestart?.(resource, reason);
      if (this.#failures === 0) continue;
      const ms = backoff(this.#failures, leastPauseMs, mostPauseMs, random);
      await pause(systemClock, Math.max(ms, this.#retryAfterMs), signal);
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, sink } = this.#options;
    const found: V1ObjectMeta[] = [];
    let token = '';
    let version = '';
    do {
      const page = (await client.send({
        ...this.#request('list', { limit: PAGE, ...(token !== '' && { continue: token }) }),
        accept: METADATA_LIST,
        signal,
      })) as MetadataList;
      found.push(...(page.items ?? []).map(({ metadata }) => metadata));
      token = page.metadata.continue ?? '';
      version = page.metadata.resourceVersion;
    } while (token !== '');
    this.#listedAt = performance.now();
    sink.listed(found);
    return version;
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { client, random } = this.#options;
    const { watchMs, idleMs } = this.#timing;
    const seconds = Math.max(1, Math.round((watchMs / 1000) * (0.8 + random() * 0.4)));
    const request = {
      ...this.#request('watch', {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: version,
        timeoutSeconds: String(seconds),
      }),
      accept: METADATA,
      signal,
    };
    const begin = performance.now();
    let isFruitful = false;
    for await (const line of client.watch(request, idleMs)) {
      this.#take(line);
      isFruitful = true;
      this.#failures = 0;
    }
    // One that ends as soon as it was begun is no better than an error.
    const isShort = !isFruitful && performance.now() - begin < 1_000;
    this.#failures = isShort ? this.#failures + 1 : 0;
  }

  #take(line: string): void {
    const { sink, resource, namespace } = this.#options;
    const { type, object } = parse(line);
    if (type === 'ERROR') {
      const where = namespace === '' ? '' : ` in ${namespace}`;
      const asked = { verb: 'watch', what: `${resource.plural}${where}` };
      throw apiError(asked, Number(object['code'] ?? 0), JSON.stringify(object));
    }
    const metadata = object['metadata'] as V1ObjectMeta | undefined;
    if (metadata?.resourceVersion === undefined) throw new GarbageError('there is no version');
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        sink.changed(metadata);
        break;
      case 'DELETED':
        sink.deleted(metadata);
        break;
      case 'BOOKMARK':
        break;
      default:
        throw new GarbageError(`${type} is no type of event`);
    }
    this.#version = metadata.resourceVersion;
  }

  #request(verb: 'list' | 'watch', query: Readonly<Record<string, string>>): ApiRequest {
    const { resource, namespace, label } = this.#options;
    const selector = label === undefined ? {} : { labelSelector: label };
    return { verb, resource, namespace, query: { ...query, ...selector } };
  }

  #reasonOf(error: unknown, signal: AbortSignal): RestartReason {
    const { log, resource } = this.#options;
    if (signal.aborted) return 'ended';
    this.#failures += 1;
    this.#retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    if (error instanceof GoneError) {
      this.#version = undefined;
      log.debug({ err: error, resource: resource.plural }, 'the watch is history: listing again');
      return 'gone';
    }
    log.warn({ err: error, resource: resource.plural }, 'the watch is begun again');
    if (error instanceof GarbageError) return 'garbage';
    return error instanceof ApiError ? 'refused' : 'unreachable';
  }
}

interface MetadataList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly { readonly metadata: V1ObjectMeta }[];
}

function parse(line: string): { type: string; object: Record<string, unknown> } {
  try {
    const event = JSON.parse(line) as { type?: unknown; object?: unknown } | null;
    const { type, object } = event ?? {};
    if (typeof type === 'string' && typeof object === 'object' && object !== null) {
      return { type, object: object as Record<string, unknown> };
    }
  } catch {
    // Said below.
  }
  throw new GarbageError(`no event: ${line.slice(0, 100)}`);
}
