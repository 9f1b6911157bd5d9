import { connect, Events, type NatsConnection } from 'nats';

export interface NatsOptions {
  readonly url: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
}

/**
 * Connects to NATS, and again whenever the connection is lost, for ever: whoever is absent at the
 * start or leaves in mid-run is waited for.
 * @returns once it is connected for the first time
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const connection = await connect({
    servers: options.url,
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    waitOnFirstConnect: true,
    pingInterval: 5_000,
    maxPingOut: 3,
    noAsyncTraces: true,
    // A member does not hear its own fan-out: what it sends itself is delivered inside.
    noEcho: true,
  });
  options.onConnected();
  void follow(connection, options);
  return connection;
}

async function follow(connection: NatsConnection, options: NatsOptions): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect) options.onDisconnected();
    if (type === Events.Reconnect) options.onConnected();
  }
}
