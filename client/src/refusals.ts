import type { NatsTrouble } from '../../link/src/nats-access.ts';
import type { NatsDenial, NatsLinkEvents } from '../../link/src/nats-link.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

type Denied = (error: SynodError) => void;

/** What NATS refuses to one client, now and later. */
export class Refusals implements NatsLinkEvents {
  readonly #denied = new Map<string, Set<Denied>>();
  readonly #again: (() => void)[] = [];
  #shutOut: NatsTrouble | undefined;

  /** Why NATS does not let the client in again; `undefined` while it is in. */
  get shutOut(): NatsTrouble | undefined {
    return this.#shutOut;
  }

  /** Calls back whenever NATS drops what is published to `subject`. @returns ends that */
  onPublish(subject: string, denied: Denied): () => void {
    const listeners = this.#denied.get(subject) ?? new Set();
    this.#denied.set(subject, listeners.add(denied));
    return () => listeners.delete(denied);
  }

  /** Calls back whenever the client is let in again. */
  onConnected(again: () => void): void {
    this.#again.push(again);
  }

  connected(): void {
    this.#shutOut = undefined;
    for (const again of this.#again) again();
  }

  /** What was sent may have arrived. */
  disconnected(reason: string | undefined): void {
    if (reason === undefined) return;
    this.#shutOut = { code: 'UNREACHABLE', sentence: `NATS ended the connection: ${reason}` };
  }

  trouble(trouble: NatsTrouble): void {
    this.#shutOut = trouble;
  }

  denied(denial: NatsDenial): void {
    if (denial.operation !== 'publish') return;
    for (const denied of this.#denied.get(denial.subject) ?? []) denied(notAllowed(denial));
  }
}

export function notAllowed({ sentence }: NatsDenial): SynodError {
  return new SynodError('NOT_ALLOWED', { detail: sentence });
}
