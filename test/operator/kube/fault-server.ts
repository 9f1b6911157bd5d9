import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

/** What one request gets. */
export type Play = (response: ServerResponse, request: IncomingMessage) => void;

/** An API server that plays what a real one does only now and then: one play a request. */
export class FaultServer {
  readonly #server = createServer((request, response) => this.#play(request, response));
  readonly #plays: Play[] = [];
  /** Of each request. */
  readonly asked: URL[] = [];
  /** Connections that were opened. */
  connections = 0;

  static async start(): Promise<FaultServer> {
    const faults = new FaultServer();
    faults.#server.on('connection', () => (faults.connections += 1));
    faults.#server.listen(0, '127.0.0.1');
    await once(faults.#server, 'listening');
    return faults;
  }

  /** Without a play, a request waits for an answer. */
  play(...plays: readonly Play[]): void {
    this.#plays.push(...plays);
  }

  get kubeConfig(): KubeConfig {
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    // Without TLS, and that has to be meant.
    const cluster = { name: 'faults', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'nobody' });
    return config;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #play(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(new URL(request.url ?? '/', 'http://faults'));
    this.#plays.shift()?.(response, request);
  }
}

/** All of an answer. */
export function answer(code: number, body: unknown, headers: Record<string, string> = {}): Play {
  return (response) => {
    response.writeHead(code, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export function list(version: string, ...names: readonly string[]): Play {
  return answer(200, {
    metadata: { resourceVersion: version },
    items: names.map((name) => ({ metadata: { name } })),
  });
}

export function event(type: string, name: string, version: string): string {
  return JSON.stringify({ type, object: { metadata: { name, resourceVersion: version } } });
}

export function bookmark(version: string): string {
  return JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } });
}

/** A watch that goes on, until `end` says how it ends. */
export function watch(events: readonly string[], end?: (response: ServerResponse) => void): Play {
  return (response) => {
    response.writeHead(200);
    response.write(events.map((line) => `${line}\n`).join(''), () => end?.(response));
    if (events.length === 0) response.flushHeaders();
  };
}

export const reset = (response: ServerResponse): void => {
  response.socket?.resetAndDestroy();
};
