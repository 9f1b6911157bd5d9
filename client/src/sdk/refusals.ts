import { ErrorCode, Events, NatsError, type NatsConnection } from 'nats';
import { troubleOf, userOf, type NatsAccess } from '../../../contract/src/nats-access.ts';
import { SynodError } from './synod-error.ts';

type Denied = (error: SynodError) => void;

/** What NATS refuses to the user of one connection. */
export class Refusals {
  readonly #access: NatsAccess;
  readonly #denied = new Map<string, Set<Denied>>();
  #shutOut: string | undefined;

  constructor(connection: NatsConnection, access: NatsAccess) {
    this.#access = access;
    void this.#follow(connection);
  }

  /** Why NATS does not let the connection in again; `undefined` while it is in. */
  get shutOut(): string | undefined {
    return this.#shutOut;
  }

  /** Calls back whenever NATS drops what is published to `subject`. @returns ends that */
  onPublish(subject: string, denied: Denied): () => void {
    const listeners = this.#denied.get(subject) ?? new Set();
    this.#denied.set(subject, listeners.add(denied));
    return () => listeners.delete(denied);
  }

  /** The user of this connection may not do what was tried. */
  notAllowed(operation: string, subject: string): SynodError {
    const what = operation === 'publish' ? 'publish to' : 'subscribe to';
    const detail = `${userOf(this.#access)} may not ${what} ${subject}`;
    return new SynodError('NOT_ALLOWED', { detail });
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type, data, permissionContext } of connection.status()) {
      if (type === Events.Reconnect) this.#shutOut = undefined;
      if (type !== Events.Error) continue;
      if (data === ErrorCode.AuthorizationViolation) {
        const error = NatsError.errorForCode(ErrorCode.AuthorizationViolation);
        this.#shutOut = troubleOf(error, this.#access).sentence;
      }
      if (permissionContext?.operation !== 'publish') continue;
      const error = this.notAllowed('publish', permissionContext.subject);
      for (const denied of this.#denied.get(permissionContext.subject) ?? []) denied(error);
    }
  }
}
