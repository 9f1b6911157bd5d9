import { createHash } from 'node:crypto';
import { connect, Events, type NatsConnection } from 'nats';
import type { NatsAccess } from './nats-access.ts';

const CONNECT_MS = 2_000;
/** A server that was not there is not tried at every look. */
const RETRY_MS = 3_000;
/** Clusters that are gone need none any more. */
const IDLE_MS = 10 * 60_000;

interface Entry {
  connection: NatsConnection | undefined;
  connecting: Promise<void> | undefined;
  /** Why there is no connection now. */
  down: string | undefined;
  triedAt: number;
  usedAt: number;
}

/** One connection for all clusters that have the same servers and credentials. */
export class NatsConnections {
  readonly #entries = new Map<string, Entry>();

  /** @returns a connection that is up, or why there is none */
  async use(access: NatsAccess): Promise<NatsConnection | string> {
    const now = performance.now();
    this.#closeIdle(now);
    const key = createHash('sha256').update(JSON.stringify(access)).digest('hex');
    let entry = this.#entries.get(key);
    if (entry?.connection?.isClosed() === true) entry = undefined;
    entry ??= {
      connection: undefined,
      connecting: undefined,
      down: 'not connected yet',
      triedAt: -Infinity,
      usedAt: now,
    };
    this.#entries.set(key, entry);
    entry.usedAt = now;
    if (entry.connection === undefined && now - entry.triedAt > RETRY_MS) {
      entry.triedAt = now;
      entry.connecting = this.#connect(access, entry);
    }
    await entry.connecting;
    return entry.down ?? entry.connection ?? 'not connected yet';
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(close));
  }

  async #connect({ servers, user, password, tls }: NatsAccess, entry: Entry): Promise<void> {
    try {
      entry.connection = await connect({
        servers: [...servers],
        name: 'synod operator',
        timeout: CONNECT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 500,
        reconnectJitter: 250,
        pingInterval: 5_000,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
        ...(user !== undefined && { user }),
        ...(password !== undefined && { pass: password }),
        ...(tls && { tls }),
      });
      entry.down = undefined;
      void follow(entry.connection, entry);
    } catch (error) {
      entry.down = `${servers.join(', ')}: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      entry.connecting = undefined;
    }
  }

  #closeIdle(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.usedAt < IDLE_MS) continue;
      this.#entries.delete(key);
      void close(entry);
    }
  }
}

async function follow(connection: NatsConnection, entry: Entry): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect) entry.down = `${connection.getServer()}: disconnected`;
    if (type === Events.Reconnect) entry.down = undefined;
  }
}

async function close({ connection, connecting }: Entry): Promise<void> {
  await connecting;
  await connection?.close();
}
