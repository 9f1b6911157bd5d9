import { PAGE_BYTES, usedPages } from '../../node/storage/lmdb-map.ts';
import type { Random } from '../../simulation/random.ts';
import type { FolderImage } from './folder-image.ts';

/* What disks, file systems and people do to a member's files. */

const STATE = 'state.mdb';
const SECTOR_BYTES = 512;

export interface DamagedFolder {
  readonly what: string;
  readonly image: FolderImage;
}

/** @param older copies of the same folder, the oldest first */
type Maker = (image: FolderImage, older: readonly FolderImage[], random: Random) => DamagedFolder;

const makers = {
  'a flipped bit': (image, _, random) => {
    const { name, bytes, at } = someSector(image, random);
    const place = Math.min(at + random.below(SECTOR_BYTES), bytes.length - 1);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(8));
    return changed(image, name, bytes, `at byte ${place}`);
  },
  'a block of zeros': (image, _, random) => {
    const { name, bytes, at } = someSector(image, random);
    const size = random.pick([SECTOR_BYTES, PAGE_BYTES]);
    bytes.fill(0, at, Math.min(at + size, bytes.length));
    return changed(image, name, bytes, `${size} bytes at ${at}`);
  },
  'a block of garbage': (image, _, random) => {
    const { name, bytes, at } = someSector(image, random);
    const size = random.pick([16, SECTOR_BYTES, PAGE_BYTES]);
    for (let i = at; i < Math.min(at + size, bytes.length); i++) bytes[i] = random.below(256);
    return changed(image, name, bytes, `${size} bytes at ${at}`);
  },
  'a block in the place of another': (image, _, random) => {
    const size = random.pick([SECTOR_BYTES, PAGE_BYTES]);
    const from = someSector(image, random);
    const to = random.chance(0.7) ? someSector(only(image, from.name), random) : undefined;
    const { name, bytes, at } = to ?? someSector(image, random);
    from.bytes.copy(bytes, at, from.at, Math.min(from.at + size, from.bytes.length));
    return changed(image, name, bytes, `${size} bytes at ${at}, of ${from.name} at ${from.at}`);
  },
  'two blocks exchanged': (image, _, random) => {
    const one = someSector(image, random);
    const other = someSector(only(image, one.name), random);
    const bytes = copyOf(image, one.name);
    one.bytes.copy(bytes, other.at, one.at, one.at + SECTOR_BYTES);
    one.bytes.copy(bytes, one.at, other.at, other.at + SECTOR_BYTES);
    return changed(image, one.name, bytes, `${SECTOR_BYTES} bytes at ${one.at} and ${other.at}`);
  },
  'a block of an older copy': (image, older, random) => {
    const { name, bytes, at } = someSector(image, random);
    const before = random.pick(older).get(name) ?? EMPTY;
    const size = random.pick([SECTOR_BYTES, PAGE_BYTES]);
    bytes.set(before.subarray(at, at + size), at);
    return changed(image, name, bytes, `${size} bytes at ${at}`);
  },
  'a shorter file': (image, _, random) => {
    const name = random.pick([...image.keys()]);
    const bytes = copyOf(image, name);
    const sectors = Math.floor(bytes.length / SECTOR_BYTES);
    const isEven = sectors > 0 && random.chance(0.5);
    const size = isEven ? random.below(sectors) * SECTOR_BYTES : random.below(bytes.length);
    return changed(image, name, bytes.subarray(0, size), `${size} bytes are left`);
  },
  'emptied files': (image, _, random) => {
    const names = someFiles(image, random);
    const what = names.join(', ');
    return { what, image: new Map([...image, ...names.map((name) => [name, EMPTY] as const)]) };
  },
  'missing files': (image, _, random) => {
    const names = someFiles(image, random);
    const kept = [...image].filter(([name]) => !names.includes(name));
    return { what: names.join(', '), image: new Map(kept) };
  },
  'files of an older copy': (image, older, random) => {
    const copy = random.pick(older);
    const names = someFiles(image, random);
    const files = new Map(image);
    for (const name of names) {
      const before = copy.get(name);
      if (before === undefined) files.delete(name);
      else files.set(name, before);
    }
    return { what: `${names.join(', ')} of copy ${older.indexOf(copy)}`, image: files };
  },
  'an older copy of all': (_, older, random) => {
    const copy = random.pick(older);
    return { what: `copy ${older.indexOf(copy)}`, image: copy };
  },
} satisfies Record<string, Maker>;

export type DamageKind = keyof typeof makers;
export const DAMAGE_KINDS = Object.keys(makers) as DamageKind[];

const EMPTY = Buffer.alloc(0);

/** Damages a folder. @returns something else than what was there */
export function damage(
  kind: DamageKind,
  image: FolderImage,
  older: readonly FolderImage[],
  random: Random,
): DamagedFolder {
  const make: Maker = makers[kind];
  for (;;) {
    const damaged = make(image, older, random);
    if (!isSame(damaged.image, image)) return damaged;
  }
}

function isSame(a: FolderImage, b: FolderImage): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([name, bytes]) => b.get(name)?.equals(bytes) === true);
}

interface Sector {
  readonly name: string;
  /** Of the file: a copy. */
  readonly bytes: Buffer;
  readonly at: number;
}

/** Of a file, a part that means something, or, now and then, any. Often it is the state. */
function someSector(image: FolderImage, random: Random): Sector {
  const isOfState = image.has(STATE) && random.chance(0.4);
  const name = isOfState ? STATE : random.pick([...image.keys()]);
  const bytes = copyOf(image, name);
  for (;;) {
    const at = random.below(Math.ceil(bytes.length / SECTOR_BYTES)) * SECTOR_BYTES;
    const isWritten = bytes.subarray(at, at + SECTOR_BYTES).some((byte) => byte !== 0);
    const isUsed = isWritten && (name !== STATE || isOnUsedPage(bytes, at));
    if (isUsed || random.chance(0.02)) return { name, bytes, at };
  }
}

function isOnUsedPage(bytes: Buffer, at: number): boolean {
  return usedPages(bytes).some(({ number }) => number === Math.floor(at / PAGE_BYTES));
}

/** One of them, or some. */
function someFiles(image: FolderImage, random: Random): string[] {
  const names = [...image.keys()];
  const some = names.filter(() => random.chance(0.4));
  return random.chance(0.5) || some.length === 0 ? [random.pick(names)] : some;
}

function only(image: FolderImage, name: string): FolderImage {
  return new Map([[name, copyOf(image, name)]]);
}

function copyOf(image: FolderImage, name: string): Buffer {
  return Buffer.from(image.get(name) ?? EMPTY);
}

function changed(image: FolderImage, name: string, bytes: Buffer, where: string): DamagedFolder {
  return { what: `${name}: ${where}`, image: new Map([...image, [name, bytes]]) };
}
