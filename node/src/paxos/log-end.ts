import type { MemberId } from './ballot.ts';

/**
 * One run of a member's process: a counter that its disk keeps, durable before its first message,
 * and a random part. So a copy of a disk that runs beside the first one is somebody else.
 */
export interface Incarnation {
  readonly count: number;
  readonly random: number;
}

export function isSameIncarnation(a: Incarnation, b: Incarnation): boolean {
  return a.count === b.count && a.random === b.random;
}

/** For logs and messages of errors: `3-5f2c01`. */
export function formatIncarnation({ count, random }: Incarnation): string {
  return `${count}-${random.toString(16)}`;
}

/** How far a member's log goes, by its own word: every frame has it. */
export interface LogEnd {
  readonly incarnation: Incarnation;
  /** Every block of its log below it is durable, and so is what it has promised. */
  readonly sequence: number;
}

/** How far a member's log goes, as far as somebody heard. */
export interface HeardEnd extends LogEnd {
  /** The farthest that a run before that one said: the later one has to have it, too. */
  readonly before?: number;
}

export type HeardEnds = Readonly<Record<MemberId, HeardEnd>>;
