import type { Random } from '../../simulation/random.ts';
import type { Damage, Trial } from './damaged-state.ts';
import { PAGE_BYTES, usedPages } from './lmdb-map.ts';

const SECTOR_BYTES = 512;
const STALE = 'a page of an older file';

/** One bit each, in a page of any kind that there is, rather in its structure than in its data. */
export function bitFlips(file: Buffer, count: number, random: Random): Damage[] {
  const pages = usedPages(file);
  const kinds = [...new Set(pages.map(({ kind }) => kind))];
  return times(count, () => {
    const kind = random.pick(kinds);
    const page = random.pick(pages.filter((each) => each.kind === kind));
    const anywhere = page.number * PAGE_BYTES + random.below(PAGE_BYTES);
    const at = random.chance(0.6) ? random.pick(page.structure) : anywhere;
    const bytes = Buffer.from([(file[at] ?? 0) ^ (1 << random.below(8))]);
    return { what: `bit of a ${kind} page`, edits: [edit(at, bytes)] };
  });
}

/** Larger ones: what a disk or a file system can do to sectors and pages, and to a file's size. */
export function mutilations(file: Buffer, older: Buffer, count: number, random: Random): Damage[] {
  const pages = usedPages(file);
  const page = (): number => random.pick(pages).number * PAGE_BYTES;
  const bytesOf = (from: Buffer, at: number): Buffer => from.subarray(at, at + PAGE_BYTES);
  const garbage = (bytes: number): Buffer => Buffer.from(times(bytes, () => random.below(256)));
  const makers: Record<string, () => Omit<Damage, 'what'>> = {
    'some garbage': () => ({
      edits: [edit(page() + random.below(PAGE_BYTES - 64), garbage(1 + random.below(64)))],
    }),
    'a sector of garbage': () => ({
      edits: [edit(page() + SECTOR_BYTES * random.below(8), garbage(SECTOR_BYTES))],
    }),
    'a page of garbage': () => ({ edits: [edit(page(), garbage(PAGE_BYTES))] }),
    'a sector of zeros': () => ({
      edits: [edit(page() + SECTOR_BYTES * random.below(8), Buffer.alloc(SECTOR_BYTES))],
    }),
    'a page of zeros': () => ({ edits: [edit(page(), Buffer.alloc(PAGE_BYTES))] }),
    'two pages the wrong way round': () => {
      const [a, b] = [page(), page()];
      return { edits: [edit(a, bytesOf(file, b)), edit(b, bytesOf(file, a))] };
    },
    'a page in the place of another': () => ({ edits: [edit(page(), bytesOf(file, page()))] }),
    [STALE]: () => {
      const at = page();
      return { edits: [edit(at, bytesOf(older, at))] };
    },
    'a shorter file': () => ({ size: 1 + random.below(file.length) }),
    'a longer file': () => ({ size: file.length + 1 + random.below(4 * PAGE_BYTES) }),
  };
  const names = Object.keys(makers);
  return times(count, (i) => {
    const what = names[i % names.length] ?? '';
    return { what, ...makers[what]?.() };
  });
}

/**
 * Whether a trial shows more than what no page can: that of keys and values, some were changed,
 * as their checksums or a look at all of them tells, or are those of before.
 */
export function notAllowed({ damage, outcome }: Trial): boolean {
  const allowed = ['damage', 'right', 'checksum', 'missing'];
  return !allowed.includes(outcome) && !(damage.what === STALE && outcome === 'other');
}

function edit(at: number, bytes: Buffer): { at: number; bytes: string } {
  return { at, bytes: bytes.toString('hex') };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
