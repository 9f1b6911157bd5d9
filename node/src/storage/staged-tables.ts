import { Digests } from './digest.ts';
import type { Entry } from './entry.ts';
import type { Facts, OwnFacts, SharedFacts } from './facts.ts';
import type { RangeChanges } from './proven-ranges.ts';
import type { RawStaging } from './raw-file.ts';
import type { Staging } from './state.ts';
import { hashIn, storedEntry } from './stored-entry.ts';
import { tableOf } from './table-key.ts';

export interface StagedOptions {
  /** Of the hashes here; another cluster has another one. */
  readonly seed: bigint;
  /** Of no entries yet. */
  readonly ranges: RangeChanges;
  readonly factsEntry: (facts: Facts) => Entry;
}

/** Another member's tables, as they are gathered: what they come to is known at their end. */
export class StagedTables implements Staging {
  readonly #raw: RawStaging;
  readonly #options: StagedOptions;
  readonly #digests = new Digests();

  constructor(raw: RawStaging, options: StagedOptions) {
    this.#raw = raw;
    this.#options = options;
  }

  write(entries: readonly Entry[], done: (error?: Error) => void): void {
    const { seed, ranges } = this.#options;
    const stored = entries.map(([key, value = new Uint8Array(0)]): Entry => {
      const fresh = storedEntry(key, value, seed);
      this.#digests.replace(tableOf(key), undefined, hashIn(fresh));
      ranges.replace(key, undefined, hashIn(fresh));
      return [key, fresh];
    });
    this.#raw.write(stored, done);
  }

  sync(done: (error?: Error) => void): void {
    this.#raw.sync(done);
  }

  isAllOf({ digests }: SharedFacts): boolean {
    return this.#digests.firstDifference(digests) === undefined;
  }

  commit(shared: SharedFacts, own: Omit<OwnFacts, 'origin'>, done: (error?: Error) => void): void {
    const { ranges, factsEntry } = this.#options;
    const facts: Facts = { ...shared, ...own, origin: 'taken', digests: this.#digests };
    this.#raw.commit([...ranges.entries(), factsEntry(facts)], done);
  }

  discard(): void {
    this.#raw.discard();
  }
}
