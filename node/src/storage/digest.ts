import xxhash from 'xxhash-wasm';

const xxh = await xxhash();

/**
 * The hash of an entry, 64 bits: of its key and value, so that neither passes for another one's.
 * @param seed another one gives other hashes of all entries
 */
export function entryHash(key: Uint8Array, value: Uint8Array, seed: bigint): bigint {
  return xxh.h64Raw(value, xxh.h64Raw(key, seed));
}

/** The seed of a cluster's hashes. */
export function seedOfCluster(clusterId: string): bigint {
  return xxh.h64Raw(Buffer.from(clusterId, 'utf8'));
}

/** Continues a chain of hashes: what it covers, and in which order, decides about the result. */
export function chained(before: bigint, bytes: Uint8Array): bigint {
  return xxh.h64Raw(bytes, before);
}

/** What a set of entries comes to, in whatever order they were written. */
export interface Digest {
  readonly count: number;
  /** Of the entries' hashes, modulo 2^64: an exclusive or would cancel doubles. */
  readonly sum: bigint;
}

export const EMPTY: Digest = { count: 0, sum: 0n };

export function isSameDigest(a: Digest, b: Digest): boolean {
  return a.count === b.count && a.sum === b.sum;
}

/**
 * An entry was replaced.
 * @param before its hash; `undefined` when there was none
 * @param after its hash; `undefined` when it was deleted
 */
export function replaced(
  { count, sum }: Digest,
  before: bigint | undefined,
  after: bigint | undefined,
): Digest {
  return {
    count: count + Number(after !== undefined) - Number(before !== undefined),
    sum: BigInt.asUintN(64, sum + (after ?? 0n) - (before ?? 0n)),
  };
}

/** Digests of parts, by name. */
export class Digests {
  readonly #digests: Map<string, Digest>;

  constructor(digests: Iterable<readonly [string, Digest]> = []) {
    this.#digests = new Map(digests);
  }

  of(part: string): Digest {
    return this.#digests.get(part) ?? EMPTY;
  }

  /** See `replaced`. */
  replace(part: string, before: bigint | undefined, after: bigint | undefined): void {
    this.#digests.set(part, replaced(this.of(part), before, after));
  }

  /** The first part, by name, in which two differ; `undefined` when they are the same. */
  firstDifference(other: Digests): string | undefined {
    const parts = new Set([...this.#digests.keys(), ...other.#digests.keys()]);
    return [...parts].sort().find((part) => !isSameDigest(this.of(part), other.of(part)));
  }

  /** Of all parts together. */
  get total(): Digest {
    const digests = [...this.#digests.values()];
    return {
      count: digests.reduce((total, { count }) => total + count, 0),
      sum: BigInt.asUintN(
        64,
        digests.reduce((total, { sum }) => total + sum, 0n),
      ),
    };
  }

  /** Those that are of something, by name. */
  entries(): [string, Digest][] {
    return [...this.#digests]
      .filter(([, { count }]) => count !== 0)
      .sort(([a], [b]) => order(a, b));
  }

  copy(): Digests {
    return new Digests(this.#digests);
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
