import { SnapshotError } from '../../../contract/src/snapshot-file.ts';
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
  /** Those that are not, and why: they count for nothing, and stay. */
  readonly damaged: readonly { readonly name: string; readonly why: string }[];
  readonly removed: readonly string[];
}

/**
 * Keeps the newest whole snapshots of a cluster, and removes the whole ones that are older, once
 * each was read and checked.
 * @param newest the one that was just saved, and checked: it stays, whatever the clock said
 */
export async function keepNewest(
  shelf: Shelf,
  cluster: string,
  newest: string,
  count: number,
): Promise<KeptSnapshots> {
  const others = (await shelf.names()).filter((name) => name !== newest && isKept(name, cluster));
  const whole = [newest];
  const damaged: { name: string; why: string }[] = [];
  for (const name of others.sort().reverse()) {
    const why = await damageOf(shelf, name);
    if (why === undefined) whole.push(name);
    else damaged.push({ name, why });
  }
  const removed = whole.splice(count);
  removed.push(...(await shelf.left((name) => isKept(name, cluster))));
  for (const name of removed) await shelf.remove(name);
  return { whole, damaged, removed };
}

/** @returns `undefined` when the snapshot is whole; or a sentence */
async function damageOf(shelf: Shelf, name: string): Promise<string | undefined> {
  try {
    await shelf.place(name).verify();
    return undefined;
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    const trouble = shelf.troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}
