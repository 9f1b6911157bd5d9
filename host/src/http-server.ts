import { createServer } from 'node:http';
import type { FastifyError, FastifyInstance } from 'fastify';
import { boundConnections, oneAtATime } from './http-connections.ts';
import { SharedMetrics, type MetricsText } from './shared-metrics.ts';

/** More than probes, a Prometheus and some people have at once. */
const MAX_CONNECTIONS = 64;
/** A connection on which nothing happens for so long is closed, also within a request. */
const IDLE_MS = 10_000;

/** What a process shows of itself. */
export interface HttpSources {
  /** Why not, when it is not. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  metrics(): Promise<MetricsText>;
}

export interface HttpOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly sources: HttpSources;
  /** What `/readyz` answers, for whoever asks for something that there is not. */
  readonly readyz: string;
  /** What there is beside, by path. */
  readonly pages?: Readonly<Record<string, HttpPage>>;
  /** Something threw while it made an answer: whoever asked is told so, and this is to say it. */
  readonly failed: (error: Error, url: string) => void;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** Something that is shown as JSON. */
export interface HttpPage {
  /** Like `HttpOptions.readyz`. */
  readonly what: string;
  readonly show: () => object;
}

export interface HttpServer {
  /** The port it got. */
  readonly port: number;
  close(): Promise<void>;
}

/** The HTTP server cannot listen; `message` is a sentence that names the address. */
export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';

  constructor(host: string, port: number, cause: unknown) {
    const isCoded = typeof cause === 'object' && cause !== null && 'code' in cause;
    const code = String(isCoded ? cause.code : cause);
    const why =
      code === 'EADDRINUSE' ? 'the port is in use; choose another with --http-port' : code;
    super(`The HTTP server cannot listen on ${host}, port ${port}: ${why}.`, { cause });
  }
}

/**
 * Serves `/metrics`, `/healthz`, `/readyz` and what else there is.
 * @throws HttpListenError
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port } = options;
  // Imported here: it takes more than a tenth of a second, in which a node can already recover.
  const { fastify } = await import('fastify');
  const server = fastify({
    // Connections that are kept alive must not hold up a stop.
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    serverFactory: (handler) => {
      const bounded = createServer(
        { keepAliveTimeout: IDLE_MS, requestTimeout: IDLE_MS },
        oneAtATime(handler),
      );
      bounded.setTimeout(IDLE_MS);
      boundConnections(bounded, MAX_CONNECTIONS);
      return bounded;
    },
  });
  addRoutes(server, options);
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw new HttpListenError(host, port, error);
  }
  const address = server.server.address();
  const bound = typeof address === 'object' ? address?.port : undefined;
  return { port: bound ?? port, close: () => server.close() };
}

function addRoutes(server: FastifyInstance, options: HttpOptions): void {
  const { sources, readyz, pages = {}, failed, now } = options;
  const shared = new SharedMetrics(() => sources.metrics(), now);
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await shared.read();
    return reply.type(contentType).send(text);
  });

  // That it answers at all shows that the event loop turns.
  server.get('/healthz', (_request, reply) => reply.send('The event loop turns.\n'));

  server.get('/readyz', (_request, reply) => {
    const { ready, reason } = sources.readiness();
    return reply.code(ready ? 200 : 503).send(ready ? 'Ready.\n' : `Not ready: ${reason}\n`);
  });

  const known = [
    '/metrics (metrics for Prometheus)',
    '/healthz (whether the process lives)',
    `/readyz (${readyz})`,
  ];
  for (const [path, { what, show }] of Object.entries(pages)) {
    server.get(path, (_request, reply) => reply.send(show()));
    known.push(`${path} (${what})`);
  }

  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode = 500, message } = error;
    if (statusCode >= 500) failed(error, request.url);
    const sentence = statusCode >= 500 ? `This failed here, and the log says where` : 'Refused';
    return reply.code(statusCode).type('text/plain').send(`${sentence}: ${message}\n`);
  });

  server.setNotFoundHandler((request, reply) => {
    const sentence = `There is no ${request.method} ${request.url} here. There is GET of`;
    return reply
      .code(404)
      .type('text/plain')
      .send(`${sentence} ${known.join(', ')}.\n`);
  });
}
