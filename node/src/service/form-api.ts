import {
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { FormAnswer } from '../../../contract/src/form.ts';
import type { NatsLink } from '../../../contract/src/nats-link.ts';

/**
 * Answers whoever tells this member the first configuration of its cluster.
 * @param subject of this one member
 * @param form stores it, once and for ever
 * @param failed told when the process has to end
 */
export function serveForm(
  connection: NatsLink,
  subject: string,
  form: (first: FirstConfiguration) => Promise<FormAnswer>,
  failed: (error: Error) => void,
): void {
  connection.subscribe(subject, (message) => {
    const first = parseFirstConfiguration(message.string());
    const malformed: FormAnswer = { ok: false, code: 'MALFORMED' };
    const answer = first === undefined ? Promise.resolve(malformed) : form(first);
    answer.then(
      (done) => message.respond(Buffer.from(JSON.stringify(done))),
      (cause: unknown) => failed(cause instanceof Error ? cause : new Error(String(cause))),
    );
  });
}
