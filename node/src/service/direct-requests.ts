import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { NatsLink } from '../../../link/src/nats-link.ts';

const FLUSH_MS = 500;

interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
}

/**
 * Answers what this one member is asked by itself.
 * @param subject of this one member
 * @param parse gives `undefined` for what is no request
 * @param failed told when the process has to end: what was asked for may be half done
 */
export function serveDirect<Request, Answer extends object>(
  connection: NatsLink,
  subject: string,
  parse: (text: string) => Request | undefined,
  answer: (request: Request) => Promise<Answer>,
  failed: (error: Error) => void,
): void {
  connection.subscribe(subject, (message) => {
    const { reply = '' } = message;
    const respond = (said: Answer | Refused): void => {
      if (reply !== '') connection.publish(reply, Buffer.from(JSON.stringify(said)));
    };
    const answered = (async () => {
      const request = parse(message.string());
      return request === undefined ? refusal('MALFORMED') : answer(request);
    })();
    answered.then(respond).catch(async (cause: unknown) => {
      respond(refusal('FAILED'));
      // It is the process' last word, but the process does not wait for NATS.
      await Promise.race([connection.flush(), sleep(FLUSH_MS)]);
      failed(cause instanceof Error ? cause : new Error(String(cause)));
    });
  });
}

function refusal(code: ErrorCode): Refused {
  return { ok: false, code };
}
