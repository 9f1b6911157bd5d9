import { setTimeout as delay } from 'node:timers/promises';
import {
  encodeChatOperation,
  parseChatResult,
  type ChatOperation,
  type ChatResult,
} from '../../../machines/src/chat-log/operations.ts';
import type { SynodClient } from '../../../client/src/client.ts';
import type { Random } from '../../simulation/random.ts';
import type { History, Way } from './history.ts';
import { chatLog } from '../../../machines/src/chat-log/calls.ts';

/** A node's `--max-command-bytes`: what is larger fails for certain. */
export const MOST_BYTES = 1_024;

export interface AuthorOptions {
  readonly name: string;
  readonly client: SynodClient;
  readonly random: Random;
  readonly history: History;
  /** Between two calls, on average. */
  readonly pauseMs: number;
  /** How it reads, by turns of chance. */
  readonly reads: readonly Way[];
}

const TRIES = 3;
const EACH_TOO_LARGE = 40;
const PAGE = 40;

/** Appends texts that nobody else appends, and reads pages; one call at a time. */
export class Author {
  readonly #options: AuthorOptions;
  #texts = 0;
  /** How many texts it has heard of. */
  #total = 0;

  constructor(options: AuthorOptions) {
    this.#options = options;
  }

  async work(isOver: () => boolean): Promise<void> {
    const { random, pauseMs, reads } = this.#options;
    while (!isOver()) {
      if (random.chance(0.5)) await this.append();
      else await this.read(random.pick(reads));
      await delay(random.between(0, 2 * pauseMs));
    }
  }

  /** As a user does it: a text that may not be there is sent again, a few times. */
  async append(): Promise<void> {
    const { name, client, history } = this.#options;
    this.#texts += 1;
    const isTooLarge = this.#texts % EACH_TOO_LARGE === 3;
    const text = `${name}-${this.#texts}${isTooLarge ? '!'.repeat(MOST_BYTES) : ''}`;
    const input: ChatOperation = { type: 'append', text };
    for (let tries = 0; tries < TRIES; tries++) {
      const way = 'request' as const;
      const result = await history.call({ client: name, way, input }, async () => {
        const { position, existed } = await client.machine(chatLog).append(text);
        return { type: 'appended', position, existed };
      });
      if (result?.type === 'appended') this.#total = Math.max(this.#total, result.position + 1);
      if (result !== undefined || isTooLarge) return;
    }
  }

  /** The newest texts mostly, or any page. */
  async read(way: Way): Promise<void> {
    const { name, random, history } = this.#options;
    const back = random.chance(0.9) ? Math.min(this.#total, PAGE) : this.#total;
    const input = {
      type: 'read',
      from: this.#total - random.below(back + 1),
      limit: PAGE,
    } as const;
    const result = await history.call({ client: name, way, input }, () => this.#read(way, input));
    if (result?.type === 'texts') this.#total = Math.max(this.#total, result.total);
  }

  async #read(way: Way, input: ChatOperation & { type: 'read' }): Promise<ChatResult> {
    const { client } = this.#options;
    if (way === 'request') {
      const { results } = await client.propose([encodeChatOperation(input)]);
      return parseChatResult(results[0] ?? new Uint8Array());
    }
    const consistency = way === 'local' ? 'local' : 'linearizable';
    const { from, limit } = input;
    return { type: 'texts', ...(await client.machine(chatLog).read({ from, limit, consistency })) };
  }
}
