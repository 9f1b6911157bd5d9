import fs from 'node:fs';
import path from 'node:path';
import { freePorts } from './cli-run.ts';
import { NatsProcess } from './nats-process.ts';
import { Route } from './route.ts';

/** Nobody listens there: so servers that tell one another of a third one find it nowhere. */
const NOWHERE = '127.0.0.1:1';

/**
 * Servers of NATS that are one cluster. Each two have one route, and no other way to one another:
 * a server passes on what clients say, and nothing that came by a route.
 */
export class RoutedNats {
  readonly #servers: readonly NatsProcess[];
  readonly #routes: ReadonlyMap<string, Route>;

  private constructor(servers: readonly NatsProcess[], routes: ReadonlyMap<string, Route>) {
    this.#servers = servers;
    this.#routes = routes;
  }

  /** @param folder gets their configurations */
  static async start(folder: string, count: number): Promise<RoutedNats> {
    const ports = await freePorts(count);
    const routes = new Map<string, Route>();
    const servers: NatsProcess[] = [];
    for (const [i, port] of ports.entries()) {
      const urls: string[] = [];
      // Of each two the first one connects.
      for (const [j, target] of ports.entries()) {
        if (j <= i) continue;
        const route = new Route(target);
        routes.set(`${i}-${j}`, route);
        urls.push(await route.listen());
      }
      const file = path.join(folder, `nats-${i}.conf`);
      fs.writeFileSync(file, configurationOf(port, urls));
      servers.push(await NatsProcess.reserve(file));
    }
    await Promise.all(servers.map((server) => server.start()));
    return new RoutedNats(servers, routes);
  }

  /** Of each server, for its clients. */
  get urls(): readonly string[] {
    return this.#servers.map(({ url }) => url);
  }

  /** Between two of them. */
  route(one: number, other: number): Route {
    const route = this.#routes.get(`${Math.min(one, other)}-${Math.max(one, other)}`);
    if (route === undefined) throw new Error(`${one} and ${other} are no two servers`);
    return route;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()));
    for (const route of this.#routes.values()) route.close();
  }
}

/** @param routes where this server connects */
function configurationOf(port: number, routes: readonly string[]): string {
  const cluster = {
    name: 'routed',
    listen: `127.0.0.1:${port}`,
    cluster_advertise: NOWHERE,
    no_advertise: true, // Clients are told of no other server.
    pool_size: -1, // One connection is the route.
    routes,
  };
  return `cluster: ${JSON.stringify(cluster)}\n`;
}
