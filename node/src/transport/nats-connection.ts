import { setTimeout as delay } from 'node:timers/promises';
import { connect, Events, type NatsConnection } from 'nats';
import {
  accessOptions,
  missingFile,
  troubleOf,
  userOf,
  type NatsAccess,
} from '../../../contract/src/nats-access.ts';

export interface NatsOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
  /** Told in a sentence what is wrong, at most every two seconds. */
  readonly onTrouble: (sentence: string) => void;
}

const RETRY_MS = 250;
const JITTER_MS = 100;
const DIAL_DEADLINE_MS = 5_000;
const NOTICE_MS = 2_000;

/**
 * Connects to NATS, and again whenever the connection is lost, for ever: whoever is absent at the
 * start, leaves in mid-run or does not let one in is waited for.
 * @returns once it is connected for the first time
 */
export async function connectNats(given: NatsOptions): Promise<NatsConnection> {
  const options = { ...given, onTrouble: atTimes(given.onTrouble) };
  for (;;) {
    const connection = await tryToConnect(options, true);
    if (typeof connection !== 'string') {
      options.onConnected();
      void follow(connection, options);
      return connection;
    }
    options.onTrouble(`${connection}; trying again.`);
    await delay(RETRY_MS + Math.random() * JITTER_MS);
  }
}

/** @returns why not, when it does not come about */
async function tryToConnect(
  { access, name }: NatsOptions,
  reconnect: boolean,
): Promise<NatsConnection | string> {
  const missing = missingFile(access);
  if (missing !== undefined) return missing.sentence;
  try {
    return await connect({
      ...accessOptions(access),
      name,
      reconnect,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS,
      reconnectJitter: JITTER_MS,
      reconnectJitterTLS: JITTER_MS,
      // Somebody may be changing the password just now.
      ignoreAuthErrorAbort: true,
      // Servers that others speak of would be tried without an end when none of them lets one in.
      ignoreClusterUpdates: true,
      timeout: DIAL_DEADLINE_MS,
      pingInterval: 5_000,
      maxPingOut: 3,
      noAsyncTraces: true,
      // A member does not hear its own fan-out: what it sends itself is delivered inside.
      noEcho: true,
    });
  } catch (error) {
    return troubleOf(error, access).sentence;
  }
}

/** nats.js speaks of a lost connection more than once, when NATS refuses it for a while. */
async function follow(connection: NatsConnection, options: NatsOptions): Promise<void> {
  const { access, onConnected, onDisconnected, onTrouble } = options;
  let diagnosis: NodeJS.Timeout | undefined;
  for await (const { type, permissionContext } of connection.status()) {
    if (type === Events.Disconnect && diagnosis === undefined) {
      onDisconnected();
      diagnosis = setInterval(() => void diagnose(options), NOTICE_MS);
    }
    if (type === Events.Reconnect && diagnosis !== undefined) {
      clearInterval(diagnosis);
      diagnosis = undefined;
      onConnected();
    }
    if (permissionContext !== undefined) {
      const { operation, subject } = permissionContext;
      const what = operation === 'publish' ? 'publish to' : 'subscribe to';
      onTrouble(`NATS does not let ${userOf(access)} ${what} ${subject}; see docs/security.md.`);
    }
  }
  clearInterval(diagnosis);
}

/** nats.js keeps to itself why it cannot reconnect. */
async function diagnose(options: NatsOptions): Promise<void> {
  const connection = await tryToConnect(options, false);
  if (typeof connection === 'string') options.onTrouble(`${connection}; trying again.`);
  else await connection.close();
}

/** Passes a sentence on at most every two seconds: what is wrong is found again and again. */
function atTimes(say: (sentence: string) => void): (sentence: string) => void {
  let last = -NOTICE_MS;
  return (sentence) => {
    const now = performance.now();
    if (now - last < NOTICE_MS) return;
    last = now;
    say(sentence);
  };
}
