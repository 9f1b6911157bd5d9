import { SnapshotError, type SnapshotHeader } from '../../../contract/src/snapshot-file.ts';
import type { Shelf } from '../places/place.ts';

/*
 * The newest snapshots of a cluster, kept on a shelf. By its name something is one of them; nothing
 * else there is looked at, or removed.
 */

const SUFFIX = '.snapshot';
const timePattern = /^\d{8}T\d{6}Z$/;

/** Like `orders-20261129T020000Z.snapshot`: in their order, the names are in the order of time. */
export function keptName(cluster: string, time: Date): string {
  const digits = time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `${cluster}-${digits}Z${SUFFIX}`;
}

function isKept(name: string, cluster: string): boolean {
  const prefix = `${cluster}-`;
  if (!name.startsWith(prefix) || !name.endsWith(SUFFIX)) return false;
  return timePattern.test(name.slice(prefix.length, -SUFFIX.length));
}

export interface KeptSnapshots {
  /** Those that are whole and stay, the newest first. */
  readonly whole: readonly string[];
  /** Those that are not, or are of another cluster, and why: they count for nothing, and stay. */
  readonly damaged: readonly LeftSnapshot[];
  readonly removed: readonly string[];
}

export interface LeftSnapshot {
  readonly name: string;
  /** A sentence. */
  readonly why: string;
}

/** Whose it is, and how new. */
type Header = Pick<SnapshotHeader, 'namespace' | 'cluster' | 'clusterId' | 'slot'>;

/**
 * Keeps the newest whole snapshots of a cluster, and removes the whole ones that are older, once
 * each was read and checked.
 *
 * @param newest the one that was just saved, and checked: it stays, whatever the clock said
 * @param before what was there when that was begun: what others save meanwhile is theirs, and two
 *   at once do not remove one another's
 */
export async function keepNewest(
  shelf: Shelf,
  newest: { readonly name: string; readonly header: Header },
  count: number,
  before: readonly string[],
): Promise<KeptSnapshots> {
  const own = newest.header;
  const isOwn = (name: string): boolean => isKept(name, own.cluster);
  const found: { readonly name: string; readonly header: Header }[] = [];
  const damaged: LeftSnapshot[] = [];
  for (const name of before.filter((each) => each !== newest.name && isOwn(each)).sort()) {
    const header = await headerOf(shelf, name, own);
    if (typeof header === 'string') damaged.unshift({ name, why: header });
    else if (header !== undefined) found.push({ name, header });
  }
  // By their slots, as a clock may have been wrong.
  found.sort((a, b) => b.header.slot - a.header.slot || (a.name < b.name ? 1 : -1));
  const whole = [newest.name, ...found.map(({ name }) => name)];
  const removed = whole.splice(count);
  for (const name of removed) await shelf.remove(name);
  return { whole, damaged, removed };
}

/**
 * Removes what is not whole, of runs that were killed long ago: before another one is saved, which
 * may need the room. @returns the names
 */
export async function removeLeft(shelf: Shelf, cluster: string): Promise<readonly string[]> {
  const left = await shelf.left((name) => isKept(name, cluster));
  for (const name of left) await shelf.remove(name);
  return left;
}

/** @returns a sentence when it does not count; `undefined` when it is there no more */
async function headerOf(
  shelf: Shelf,
  name: string,
  own: Header,
): Promise<Header | string | undefined> {
  try {
    const { header } = await shelf.place(name).verify();
    const { namespace, cluster, clusterId } = header;
    if (namespace !== own.namespace || cluster !== own.cluster) {
      return `It is of the cluster ${cluster} in the namespace ${namespace}.`;
    }
    return clusterId === own.clusterId ? header : 'It is of an earlier cluster of that name.';
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    if (shelf.isGone(error)) return undefined;
    const trouble = shelf.troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}
