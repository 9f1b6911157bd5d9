import type { Msg, NatsConnection, Subscription } from 'nats';

/** What is subscribed to, until it ends. */
export interface Interest {
  end(): void;
}

const AGAIN_MS = 1_000;

/**
 * Subscribes. NATS may not allow it, now or after its permissions have changed, and drops it then:
 * it is asked again and again, so that nobody stays deaf once they are right.
 */
export function subscribe(
  connection: NatsConnection,
  subject: string,
  take: (message: Msg) => void,
): Interest {
  let again: NodeJS.Timeout | undefined;
  let subscription: Subscription | undefined;
  const open = (): void => {
    if (connection.isClosed()) return;
    subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) take(message);
        else again = setTimeout(open, AGAIN_MS);
      },
    });
  };
  open();
  return {
    end: () => {
      clearTimeout(again);
      subscription?.unsubscribe();
    },
  };
}
