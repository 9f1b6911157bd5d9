import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { NatsLink } from '../../../link/src/nats-link.ts';

interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
}

/**
 * Answers what this one member is asked by itself.
 * @param subject of this one member
 * @param parse gives `undefined` for what is no request
 * @param failed told when the process has to end
 */
export function serveDirect<Request, Answer extends object>(
  connection: NatsLink,
  subject: string,
  parse: (text: string) => Request | undefined,
  answer: (request: Request) => Promise<Answer>,
  failed: (error: Error) => void,
): void {
  connection.subscribe(subject, (message) => {
    const request = parse(message.string());
    const malformed: Refused = { ok: false, code: 'MALFORMED' };
    const answered = request === undefined ? Promise.resolve(malformed) : answer(request);
    answered.then(
      (done) => message.respond(Buffer.from(JSON.stringify(done))),
      (cause: unknown) => failed(cause instanceof Error ? cause : new Error(String(cause))),
    );
  });
}
