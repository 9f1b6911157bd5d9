import type { MemberId } from './ballot.ts';
import { isSameIncarnation, type HeardEnd, type HeardEnds, type Incarnation } from './log-end.ts';

/** What is remembered of one member. */
type Remembered = Required<HeardEnd>;

/**
 * How a message of a member is to be taken. *Outlived*: a later run of it was heard, so that this
 * is an old process, or one on an older copy of the disk. *Twins*: two runs with one number were
 * heard, so that one of them works on a copy.
 */
export type Standing = 'well' | 'outlived' | 'twins';

/** What a member remembers of another one's runs before one. */
export interface Testimony {
  /** A run that is not older, if one was heard. */
  readonly latest?: Incarnation;
  /** The farthest that another run said. */
  readonly sequence: number;
}

/**
 * What this member has heard of the others' logs: it is their witness. Whatever a disk says of
 * itself can be put back with it; so each promise has witnesses, who heard how far the log went.
 */
export class Witnesses {
  readonly #remembered = new Map<MemberId, Remembered>();
  /** Of those under whose id two runs with one number were heard: the other one. */
  readonly #twins = new Map<MemberId, Incarnation>();

  /** @param heard by an earlier run of this member */
  constructor(heard: HeardEnds) {
    for (const [member, { before = 0, ...end }] of Object.entries(heard)) {
      this.#remembered.set(member, { ...end, before });
    }
  }

  /** A member speaks, or somebody says that it has spoken. */
  heard(member: MemberId, { incarnation, sequence, before: said = 0 }: HeardEnd): Standing {
    const known = this.#remembered.get(member);
    if (known === undefined || incarnation.count > known.incarnation.count) {
      this.#twins.delete(member);
      const before = Math.max(known?.sequence ?? 0, known?.before ?? 0, said);
      this.#remembered.set(member, { incarnation, sequence, before });
      return 'well';
    }
    if (incarnation.count < known.incarnation.count) {
      // The later run has what was durable when it began: this, too, unless it works on a copy.
      const before = Math.max(known.before, sequence, said);
      this.#remembered.set(member, { ...known, before });
      return 'outlived';
    }
    if (!isSameIncarnation(incarnation, known.incarnation)) this.#twins.set(member, incarnation);
    if (this.#twins.has(member)) return 'twins';
    if (sequence > known.sequence || said > known.before) {
      const farthest = Math.max(sequence, known.sequence);
      const before = Math.max(said, known.before);
      this.#remembered.set(member, { incarnation, sequence: farthest, before });
    }
    return 'well';
  }

  /** The newest run of a member that was heard of. */
  latest(member: MemberId): Incarnation | undefined {
    return this.#remembered.get(member)?.incarnation;
  }

  /** What to answer a member, of that run, that asks what is remembered of it. */
  testimonyFor(member: MemberId, asker: Incarnation): Testimony {
    const known = this.#remembered.get(member);
    if (known === undefined) return { sequence: 0 };
    const { incarnation, sequence, before } = known;
    const farthest = Math.max(sequence, before);
    if (!isSameIncarnation(asker, incarnation)) return { latest: incarnation, sequence: farthest };
    const twin = this.#twins.get(member);
    return { ...(twin && { latest: twin }), sequence: before };
  }

  /** What was heard of these members. */
  ends(members: readonly MemberId[]): HeardEnds {
    const ends: Record<MemberId, HeardEnd> = {};
    for (const member of members) {
      const known = this.#remembered.get(member);
      if (known === undefined) continue;
      const { before, ...end } = known;
      ends[member] = before > 0 ? known : end;
    }
    return ends;
  }
}
