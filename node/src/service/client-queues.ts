import type { Command } from '../paxos/pvalue.ts';

/** A command of a client that waits for its turn. */
export interface Waiting {
  readonly client: string;
  readonly number: number;
  readonly command: Command;
  /** When it came. */
  readonly since: number;
  /** It may run meanwhile, as another leader's: it is looked at again before it is proposed. */
  readonly isUnsure: boolean;
}

interface Queue {
  /** In the order of their arrival; below `first` they are gone. */
  waiting: (Waiting | undefined)[];
  first: number;
  bytes: number;
  /** So many bytes it may send before the next client has its turn. */
  credit: number;
  readonly numbers: Set<number>;
}

/** What a client may send in one turn; a larger command waits for several turns. */
const QUANTUM_BYTES = 16 * 1024;
/** What a command that waits costs in memory beside its bytes, about. */
const WAITING_BYTES = 128;

/** What a command that waits counts for. */
export function waitingBytes({ length }: Command): number {
  return length + WAITING_BYTES;
}

/** The largest command that has room in so many bytes. */
export function largestIn(bytes: number): number {
  return bytes - WAITING_BYTES;
}

/**
 * The commands that wait, a queue for each client. They are served in turn, by bytes (deficit round
 * robin: Shreedhar and Varghese, 1996): who sends much waits for itself, and not the others.
 */
export class ClientQueues {
  /** Of those that have something waiting, in the order of their turns. */
  readonly #queues = new Map<string, Queue>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  bytesOf(client: string): number {
    return this.#queues.get(client)?.bytes ?? 0;
  }

  has(client: string, number: number): boolean {
    return this.#queues.get(client)?.numbers.has(number) === true;
  }

  /** When the command came that waits longest of a client's. */
  waitsSince(client: string): number | undefined {
    const queue = this.#queues.get(client);
    return queue?.waiting[queue.first]?.since;
  }

  /** The client that holds most. */
  get largest(): string | undefined {
    let largest: string | undefined;
    let most = 0;
    for (const [client, { bytes }] of this.#queues) {
      if (bytes <= most) continue;
      most = bytes;
      largest = client;
    }
    return largest;
  }

  add(waiting: Waiting): void {
    let queue = this.#queues.get(waiting.client);
    if (queue === undefined) {
      queue = { waiting: [], first: 0, bytes: 0, credit: 0, numbers: new Set() };
      this.#queues.set(waiting.client, queue);
    }
    queue.waiting.push(waiting);
    queue.numbers.add(waiting.number);
    const bytes = waitingBytes(waiting.command);
    queue.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Takes back what a client sent last. */
  takeLast(client: string): Waiting | undefined {
    const queue = this.#queues.get(client);
    const last = queue?.waiting.pop();
    if (queue !== undefined && last !== undefined) this.#took(client, queue, last);
    return last;
  }

  /** Takes no more bytes of commands than that, or else one command, of all clients in turn. */
  take(limit: number): Waiting[] {
    const taken: Waiting[] = [];
    let bytes = 0;
    for (;;) {
      const [turn] = this.#queues;
      if (turn === undefined) break;
      const [client, queue] = turn;
      const next = queue.waiting[queue.first];
      if (next === undefined) break;
      if (taken.length > 0 && bytes + next.command.length > limit) break;
      const size = waitingBytes(next.command);
      if (size > queue.credit) {
        // Its turn is over, and comes again after all others'.
        queue.credit += QUANTUM_BYTES;
        this.#queues.delete(client);
        this.#queues.set(client, queue);
        continue;
      }
      queue.credit -= size;
      queue.waiting[queue.first] = undefined;
      queue.first += 1;
      if (2 * queue.first > queue.waiting.length) {
        queue.waiting = queue.waiting.slice(queue.first);
        queue.first = 0;
      }
      this.#took(client, queue, next);
      bytes += next.command.length;
      taken.push(next);
    }
    return taken;
  }

  #took(client: string, queue: Queue, { number, command }: Waiting): void {
    const bytes = waitingBytes(command);
    queue.numbers.delete(number);
    queue.bytes -= bytes;
    this.#bytes -= bytes;
    // Who has nothing that waits has no claim to more than the others later.
    if (queue.numbers.size === 0) this.#queues.delete(client);
  }

  clear(): void {
    this.#queues.clear();
    this.#bytes = 0;
  }
}
