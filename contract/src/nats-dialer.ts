import { connect, type NatsConnection } from 'nats';
import {
  accessOptions,
  missingFile,
  serversOf,
  troubleOf,
  type NatsAccess,
  type NatsTrouble,
} from './nats-access.ts';

export interface DialOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** What the subjects begin with at which answers to `request` come. */
  readonly inboxPrefix?: string;
  /** Whether one hears what one publishes oneself. */
  readonly echo: boolean;
  /** How long each server is waited for. */
  readonly dialMs: number;
  /** How often the server is asked whether it is there; after three silences it is not. */
  readonly pingMs?: number;
}

/** A server whose machine vanished says nothing: it is noticed within four of them. */
const PING_MS = 1_000;

/**
 * Tries each server once, in any order, until one lets us in.
 * @param signal ends it between two servers
 * @returns the connection, which is not made again when it is lost; or why there is none
 */
export async function dial(
  options: DialOptions,
  signal?: AbortSignal,
): Promise<NatsConnection | NatsTrouble> {
  const { access } = options;
  const missing = missingFile(access);
  if (missing !== undefined) return missing;
  const troubles: NatsTrouble[] = [];
  for (const server of shuffled(serversOf(access))) {
    if (signal?.aborted === true) break;
    try {
      return await connectTo(server, options);
    } catch (error) {
      troubles.push(troubleOf(error, access, server));
    }
  }
  return worst(troubles) ?? { code: 'UNREACHABLE', sentence: `"${access.url}" names no server` };
}

function connectTo(server: string, options: DialOptions): Promise<NatsConnection> {
  const { access, name, inboxPrefix, echo, dialMs, pingMs = PING_MS } = options;
  return connect({
    ...accessOptions(access, server),
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    name,
    noEcho: !echo,
    timeout: dialMs,
    reconnect: false,
    // Servers that others speak of would be tried without an end when none lets one in.
    ignoreClusterUpdates: true,
    pingInterval: pingMs,
    maxPingOut: 3,
    noAsyncTraces: true,
  });
}

/** The one that a person has to mend comes first; and it is the same one at each try. */
function worst(troubles: readonly NatsTrouble[]): NatsTrouble | undefined {
  const rank = ({ code, sentence }: NatsTrouble): string =>
    `${code === 'NOT_ADMITTED' ? 0 : 1} ${sentence}`;
  return troubles.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

function shuffled(servers: readonly string[]): readonly string[] {
  const places = servers.map((server) => ({ server, at: Math.random() }));
  return places.sort((a, b) => a.at - b.at).map(({ server }) => server);
}
