import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiError, apiError, UnreachableError, type Asked } from './api-error.ts';
import { Credentials } from './credentials.ts';
import { pathOf, type Resource } from './kinds.ts';
import { lines } from './lines.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** One request of the API server, in its own words. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly resource: Resource;
  /** Empty for all namespaces, and for kinds that have none. */
  readonly namespace: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Ends the request, whatever the API server makes of it. */
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number;
}

/** What metrics count. */
export interface Answered {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly subresource: string | undefined;
  /** HTTP's, or `none` without an answer. */
  readonly code: string;
}

export interface ClientOptions {
  readonly onAnswer?: (answered: Answered) => void;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
/** Without a `Retry-After`. */
const RETRY_MS = 1_000;

const methods: Readonly<Record<Verb, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};

/** Requests of one API server, each with a deadline. */
export class Client {
  readonly #server: URL;
  readonly #options: ClientOptions;
  readonly #credentials: Credentials;

  constructor(config: KubeConfig, options: ClientOptions = {}) {
    this.#server = new URL(config.getCurrentCluster()?.server ?? '');
    this.#options = options;
    this.#credentials = new Credentials(config, this.#server);
  }

  /**
   * The answer, parsed. An API server that has too much to do is asked again when it says so,
   * until the deadline.
   * @throws ApiError when it refuses, UnreachableError when it does not answer
   */
  async send(request: ApiRequest): Promise<unknown> {
    const budget = request.deadlineMs ?? this.#options.deadlineMs ?? DEADLINE_MS;
    const end = performance.now() + budget;
    for (;;) {
      const { code, retryAfter, body } = await this.#exchange(request, end);
      if (code >= 200 && code < 300) return this.#parse(request, body);
      const pause = pauseOf(code, retryAfter);
      if (pause === undefined || performance.now() + pause >= end) {
        throw apiError(askedOf(request), code, body, pause);
      }
      await this.#pause(request, pause);
    }
  }

  /**
   * The lines of a watch.
   * @param idleMs without a line for so long, the connection counts as dead
   * @throws ApiError, UnreachableError
   */
  async *watch(request: ApiRequest, idleMs: number): AsyncGenerator<string, void, undefined> {
    const asked = askedOf(request);
    const controller = new AbortController();
    const stop = linked(controller, request.signal);
    const timer = setTimeout(() => {
      controller.abort(new Error(`nothing came for ${idleMs / 1000} s`));
    }, idleMs);
    try {
      const response = await this.#open(request, controller.signal);
      timer.refresh();
      const code = response.statusCode ?? 0;
      if (code !== 200) {
        const pause = pauseOf(code, response.headers['retry-after']);
        throw apiError(asked, code, await textOf(response), pause);
      }
      for await (const line of lines(response)) {
        yield line;
        timer.refresh();
      }
    } catch (error) {
      throw failure(asked, error, controller.signal);
    } finally {
      clearTimeout(timer);
      stop();
      controller.abort();
    }
  }

  async #exchange(request: ApiRequest, end: number) {
    const controller = new AbortController();
    const stop = linked(controller, request.signal);
    const left = Math.max(0, Math.round(end - performance.now()));
    const timer = setTimeout(() => {
      controller.abort(new Error('the deadline passed'));
    }, left);
    try {
      const response = await this.#open(request, controller.signal);
      const body = await textOf(response);
      return { code: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body };
    } catch (error) {
      throw failure(askedOf(request), error, controller.signal);
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** Waits for the head of the answer. */
  async #open(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { verb, resource, subresource } = request;
    const asked = { verb, resource, subresource };
    try {
      let response;
      try {
        response = await this.#connect(request, signal);
      } catch (error) {
        // A connection that was kept may have ended meanwhile. A read may be asked again.
        const isStale = error instanceof StaleConnectionError && methods[verb] === 'GET';
        if (!isStale) throw error;
        response = await this.#connect(request, signal);
      }
      // Another token may be there by now.
      if (response.statusCode === 401) this.#credentials.forget();
      this.#options.onAnswer?.({ ...asked, code: String(response.statusCode) });
      return response;
    } catch (error) {
      this.#options.onAnswer?.({ ...asked, code: 'none' });
      throw error;
    }
  }

  async #connect(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { headers, agent } = await this.#credentials.current();
    const { resource, namespace, name, subresource, query = {} } = request;
    const base = this.#server.pathname.replace(/\/$/, '');
    const url = new URL(base + pathOf(resource, namespace, name, subresource), this.#server);
    url.search = new URLSearchParams(query).toString();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const options: RequestOptions = {
      method: methods[request.verb],
      agent,
      signal,
      headers: {
        ...headers,
        Accept: request.accept ?? 'application/json',
        'User-Agent': 'synod-operator',
        ...(body !== undefined && {
          'Content-Type': request.contentType ?? 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
      },
    };
    const { request: open } = url.protocol === 'http:' ? http : https;
    return new Promise((resolve, reject) => {
      const outgoing = open(url, options, resolve);
      outgoing.on('error', (error) => {
        reject(outgoing.reusedSocket ? new StaleConnectionError(error) : error);
      });
      // A peer whose machine is gone never says so.
      outgoing.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      outgoing.end(body);
    });
  }

  #parse(request: ApiRequest, body: string): unknown {
    try {
      return JSON.parse(body);
    } catch (error) {
      throw new UnreachableError(askedOf(request), error);
    }
  }

  async #pause(request: ApiRequest, ms: number): Promise<void> {
    const { signal } = request;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    });
    if (signal?.aborted === true) throw new UnreachableError(askedOf(request), signal.reason);
  }
}

/** The connection was kept from an earlier request, and had ended. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function askedOf({ verb, resource, namespace, name, subresource }: ApiRequest): Asked {
  const place = namespace === '' ? '' : `${namespace}/`;
  const part = subresource === undefined ? '' : ` (its ${subresource})`;
  if (name !== undefined) return { verb, what: `${resource.kind} ${place}${name}${part}` };
  const where = namespace === '' ? '' : ` in ${namespace}`;
  return { verb, what: `${resource.plural}${where}` };
}

/** When to ask again what was refused because there was too much to do; the server did nothing. */
function pauseOf(code: number, retryAfter: string | undefined): number | undefined {
  if (code !== 429 && !(code >= 500 && retryAfter !== undefined)) return undefined;
  const seconds = Number(retryAfter);
  return retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : RETRY_MS;
}

function failure(asked: Asked, error: unknown, signal: AbortSignal): unknown {
  const isKnown = error instanceof ApiError || error instanceof UnreachableError;
  return isKnown ? error : new UnreachableError(asked, signal.aborted ? signal.reason : error);
}

/** @returns ends the link */
function linked(controller: AbortController, signal: AbortSignal | undefined): () => void {
  const abort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  return () => signal?.removeEventListener('abort', abort);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
