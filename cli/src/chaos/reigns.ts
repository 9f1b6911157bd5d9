import type { SynodClient } from '../../../client/src/client.ts';
import { leaderOf } from '../../../client/src/members.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { Reign } from './report.ts';

const LOOK_MS = 100;
const ANSWER_MS = 200;

/** Looks who leads, again and again. */
export class Reigns {
  readonly reigns: Reign[] = [];
  readonly #client: SynodClient;
  readonly #members: number;
  readonly #begin: number;
  readonly #over: Promise<void>;
  #isOver = false;

  /** @param begin times are since then */
  constructor(client: SynodClient, members: number, begin: number) {
    this.#client = client;
    this.#members = members;
    this.#begin = begin;
    this.#over = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#over;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const at = performance.now() - this.#begin;
      const leader = await this.#look();
      if (leader !== this.reigns.at(-1)?.leader) this.reigns.push({ at, leader });
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #look(): Promise<string | null> {
    try {
      const members = await this.#client.admin.status({ waitMs: ANSWER_MS, expect: this.#members });
      return leaderOf(members)?.name ?? null;
    } catch (error) {
      if (error instanceof SynodError) return null;
      throw error;
    }
  }
}
