import dns from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { natsServersOf, type NatsServer } from '../../contract/src/nats-servers.ts';
import {
  accessOptions,
  isCut,
  missingFile,
  troubleOf,
  type NatsAccess,
  type NatsTrouble,
} from './nats-access.ts';
import { farewellOf } from './nats-farewell.ts';

export interface DialOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** What the subjects begin with at which answers to `request` come. */
  readonly inboxPrefix?: string;
  /** Whether one hears what one publishes oneself. */
  readonly echo: boolean;
  /** How long each server is waited for: to be found, and at all of its addresses. */
  readonly dialMs: number;
  /** A server that takes smaller messages is refused. */
  readonly leastPayload?: number;
  /** How often the server is asked whether it is there; after three silences it is not. */
  readonly pingMs?: number;
  /** The addresses of a host; what the system says without it. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
}

/** A server whose machine vanished says nothing: it is noticed within four of them. */
const PING_MS = 1_000;

/** A name server that is silent is not waited for longer, where the host was found before. */
const LOOKUP_MS = 1_000;

/** Connects to one of the servers. It remembers where they were. */
export class NatsDialer {
  readonly #options: DialOptions;
  readonly #addresses = new Map<string, readonly string[]>();

  constructor(options: DialOptions) {
    this.#options = options;
  }

  /**
   * Tries each server once, in any order, until one lets us in.
   * @param signal ends it between two tries
   * @returns the connection, which is not made again when it is lost; or why there is none
   */
  async dial(signal?: AbortSignal): Promise<NatsConnection | NatsTrouble> {
    const { access } = this.#options;
    const missing = missingFile(access);
    if (missing !== undefined) return missing;
    const troubles: NatsTrouble[] = [];
    for (const server of shuffled(natsServersOf(access.url))) {
      const reached = await this.#reach(server, signal);
      if (!Array.isArray(reached)) return reached;
      troubles.push(...reached);
    }
    return worst(troubles) ?? { code: 'UNREACHABLE', sentence: `"${access.url}" names no server` };
  }

  /** @returns why not, for each address */
  async #reach(server: NatsServer, signal?: AbortSignal): Promise<NatsConnection | NatsTrouble[]> {
    const troubles: NatsTrouble[] = [];
    const { access } = this.#options;
    const note = async (error: unknown, address?: string): Promise<undefined> => {
      const isMute = address !== undefined && isCut(error);
      const farewell = isMute ? await farewellOf(address, server.port) : undefined;
      troubles.push(troubleOf(error, access, server.url, farewell));
    };
    const end = performance.now() + this.#options.dialMs;
    try {
      const addresses = shuffled(await this.#addressesOf(server.host));
      for (const [tried, address] of addresses.entries()) {
        if (signal?.aborted === true) break;
        const timeout = (end - performance.now()) / (addresses.length - tried);
        const connection = await this.#connect(server, address, timeout).catch((error: unknown) =>
          note(error, address),
        );
        if (connection === undefined) continue;
        const small = this.#tooSmall(connection, server.url);
        if (small === undefined) return connection;
        troubles.push(small);
        await connection.close();
      }
    } catch (error) {
      await note(error);
    }
    return troubles;
  }

  #tooSmall({ info }: NatsConnection, url: string): NatsTrouble | undefined {
    const { leastPayload = 0 } = this.#options;
    const bytes = info?.max_payload ?? Infinity;
    if (bytes >= leastPayload) return undefined;
    const sentence =
      `NATS at ${url} takes messages of ${bytes} bytes (max_payload), ` +
      `and a member needs ${leastPayload}: raise max_payload in the configuration of NATS`;
    return { code: 'NOT_ADMITTED', sentence };
  }

  /**
   * The system is asked at each try. Where a part of the name servers is gone it may take long, or
   * fail, though the host is where it was.
   */
  async #addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const { dialMs, lookup = lookupAll } = this.#options;
    const known = this.#addresses.get(host);
    const asked = lookup(host).then((found) => {
      this.#addresses.set(host, found);
      return found;
    });
    const settled = new AbortController();
    const wait = known === undefined ? dialMs / 2 : Math.min(dialMs / 2, LOOKUP_MS);
    const late = delay(wait, known, { signal: settled.signal }).catch(() => known);
    try {
      const found = await Promise.race([
        known === undefined ? asked : asked.catch(() => known),
        late,
      ]);
      if (found === undefined) throw new Error(`no name server says where ${host} is`);
      return found;
    } finally {
      settled.abort();
    }
  }

  #connect(server: NatsServer, address: string, timeout: number): Promise<NatsConnection> {
    const { access, name, inboxPrefix, echo, pingMs = PING_MS } = this.#options;
    return connect({
      ...accessOptions(access, server, address),
      ...(inboxPrefix !== undefined && { inboxPrefix }),
      name,
      noEcho: !echo,
      timeout,
      reconnect: false,
      // Servers that others speak of would be tried without an end when none lets one in.
      ignoreClusterUpdates: true,
      pingInterval: pingMs,
      maxPingOut: 3,
      noAsyncTraces: true,
    });
  }
}

async function lookupAll(host: string): Promise<string[]> {
  return (await dns.lookup(host, { all: true })).map(({ address }) => address);
}

/** The one that a person has to mend comes first; and it is the same one at each try. */
function worst(troubles: readonly NatsTrouble[]): NatsTrouble | undefined {
  const rank = ({ code, sentence }: NatsTrouble): string =>
    `${code === 'NOT_ADMITTED' ? 0 : 1} ${sentence}`;
  return troubles.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

function shuffled<T>(all: readonly T[]): readonly T[] {
  const places = all.map((one) => ({ one, at: Math.random() }));
  return places.sort((a, b) => a.at - b.at).map(({ one }) => one);
}
