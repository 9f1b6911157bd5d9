import type { NatsAccess } from '../../../contract/src/nats-access.ts';
import { NatsLink } from '../../../contract/src/nats-link.ts';

export interface NatsOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
  /** Told in a sentence what is wrong, at most every two seconds. */
  readonly onTrouble: (sentence: string) => void;
}

/** Behind one address there may be a server whose machine is gone: the next try gets another. */
const DIAL_MS = 2_000;
const NOTICE_MS = 2_000;

/**
 * Connects a member to NATS: whoever is absent at the start, leaves in mid-run or does not let it
 * in is waited for.
 * @returns once it is connected for the first time
 */
export function connectNats(options: NatsOptions): Promise<NatsLink> {
  const { access, name, onConnected, onDisconnected } = options;
  const say = atTimes(options.onTrouble);
  return NatsLink.open(
    // A member does not hear its own fan-out: what it sends itself is delivered inside.
    { access, name, echo: false, dialMs: DIAL_MS },
    {
      connected: onConnected,
      disconnected: onDisconnected,
      trouble: ({ sentence }) => say(`${sentence}; trying again.`),
      denied: ({ sentence }) => say(`NATS: ${sentence}; a member has to: see docs/security.md.`),
    },
  );
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
