import { encodeCommand, MAX_TTL_MS, type Command } from '../../contract/src/command.ts';

/** Milliseconds of silence after which the cluster may forget a client, at least. */
const TTL_MS = 60_000;

/**
 * A client's session: by it the cluster knows which of its commands have run. The first command
 * opens it, and it ends with the client, or after a silence longer than any request takes. A
 * client that has nothing to do needs none: it opens another one when it comes back.
 */
export class Session {
  readonly #client: string;
  readonly #ttlMs: number;
  /** The slot in which it was opened; `undefined` while there is none. */
  #id: number | undefined;
  /** When something was sent that came to be applied in it. */
  #usedAt = 0;

  /** @param deadlineMs what is not answered by then is not sent again */
  constructor(client: string, deadlineMs: number) {
    this.#client = client;
    this.#ttlMs = Math.min(Math.max(TTL_MS, 2 * deadlineMs), MAX_TTL_MS);
  }

  /**
   * The session that a command may begin in. After half of its silence it is left alone: it might
   * end while the command is on its way.
   * @param now in milliseconds of `performance.now()`, as all times here
   */
  idAt(now: number): number | undefined {
    return now - this.#usedAt < this.#ttlMs / 2 ? this.#id : undefined;
  }

  /** It was opened in that slot, by what was sent at that time. */
  opened(slot: number, sentAt: number): void {
    this.#id = slot;
    this.#usedAt = sentAt;
  }

  /** A command of it that was sent at that time was applied. */
  used(id: number, sentAt: number): void {
    if (id === this.#id) this.#usedAt = Math.max(this.#usedAt, sentAt);
  }

  ended(id: number | undefined): void {
    if (id === this.#id) this.#id = undefined;
  }

  /** Another cluster answers: it has none of this client's sessions. */
  lost(): void {
    this.#id = undefined;
  }

  /** @param number no command has it */
  openingCommand(number: number): Uint8Array {
    const session = { type: 'open', ttlMs: this.#ttlMs } as const;
    return this.#encode({ number, lowest: number, operations: [], session });
  }

  /** @returns `undefined` when there is none to close */
  closingCommand(number: number): Uint8Array | undefined {
    if (this.#id === undefined) return undefined;
    const session = { type: 'close', id: this.#id } as const;
    return this.#encode({ number, lowest: number, operations: [], session });
  }

  /** @param id of the session that it runs in, and in no other */
  command(
    { number, lowest, operations }: Pick<Command, 'number' | 'lowest' | 'operations'>,
    id: number,
  ): Uint8Array {
    return this.#encode({ number, lowest, operations, session: { type: 'in', id } });
  }

  #encode({ number, lowest, operations, session }: Omit<Command, 'client'>): Uint8Array {
    return encodeCommand({ client: this.#client, number, lowest, operations, session });
  }
}
