import type { Evidence, Incarnation, WitnessReport } from '../../../contract/src/witness.ts';
import type { Figure } from '../api/status.ts';

/** The members of a cluster, and those that were removed lately. */
const MOST = 32;

/**
 * What the members of one cluster said of their logs. A volume can be put back, and with it
 * whatever a member knows of itself; so this is kept where no volume is. It may be behind the
 * truth, as what was said last may not have been written down; it is never ahead of it.
 */
export class Figures {
  /** Whom nothing was heard of for the longest time is first. */
  readonly #known = new Map<string, Figure>();

  /** What was written down by an operator before. */
  restore(written: readonly Figure[]): void {
    for (const figure of written) this.#keep(merged(this.#known.get(figure.member), figure));
  }

  /** @returns whether that is news */
  heard({ member, incarnation, sequence }: WitnessReport): boolean {
    const known = this.#known.get(member);
    const { count, random } = incarnation;
    const said: Figure = { member, incarnation: count, random, sequence, before: 0 };
    // An older run, and of two with one number the second one, count for nothing: they are told,
    // see `evidenceFor`.
    const isOutlived = known !== undefined && count < known.incarnation;
    const isTwin = known?.incarnation === count && known.random !== random;
    const now = isOutlived || isTwin ? known : merged(known, said);
    this.#keep(now);
    return known === undefined || !isSame(known, now);
  }

  /** What to tell a member of that run; `undefined` when it did not ask, and nothing is amiss. */
  evidenceFor({ member, incarnation, sequence, asks }: WitnessReport): Evidence | undefined {
    const known = this.#known.get(member);
    if (known === undefined) return asks ? { of: incarnation, sequence: 0 } : undefined;
    const latest: Incarnation = { count: known.incarnation, random: known.random };
    const isLatest = latest.count === incarnation.count && latest.random === incarnation.random;
    const farthest = Math.max(known.sequence, known.before);
    if (!isLatest) return { of: incarnation, latest, sequence: farthest };
    return asks || known.before > sequence
      ? { of: incarnation, sequence: known.before }
      : undefined;
  }

  /** In the order of their ids. */
  get all(): Figure[] {
    return [...this.#known.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  #keep(figure: Figure): void {
    this.#known.delete(figure.member);
    this.#known.set(figure.member, figure);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** All that both know. */
function merged(a: Figure | undefined, b: Figure): Figure {
  if (a === undefined) return b;
  const [newer, older] = b.incarnation > a.incarnation ? [b, a] : [a, b];
  const before = Math.max(newer.before, older.before);
  if (newer.incarnation > older.incarnation) {
    return { ...newer, before: Math.max(before, older.sequence) };
  }
  if (a.random !== b.random) return a;
  return { ...a, before, sequence: Math.max(a.sequence, b.sequence) };
}

function isSame(a: Figure, b: Figure): boolean {
  return a.incarnation === b.incarnation && a.sequence === b.sequence && a.before === b.before;
}
