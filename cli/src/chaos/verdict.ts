import type { Call } from './history.ts';

/** A call at its place in the one order that all clients have to agree on. */
interface Placed {
  /** The add that made the register v is at 2 v; a read of v comes after it, at 2 v + 1. */
  readonly place: number;
  readonly call: Call;
}

const MOST_COMPLAINTS = 20;

/**
 * Whether the calls of a history are linearizable (Herlihy and Wing, 1990): every answered add ran
 * once, in one order that every answer agrees with, and no call took effect before it was made or
 * after it was answered. All adds add 1, so that the values name the order; and the check is exact.
 * @returns what is wrong, a sentence each; nothing when all is well
 */
export function complaintsOf(calls: readonly Call[]): string[] {
  const registers = new Map<string, Call[]>();
  for (const call of calls) {
    const its = registers.get(call.register);
    if (its === undefined) registers.set(call.register, [call]);
    else its.push(call);
  }
  const found = [...registers].flatMap(([register, its]) => complaintsOfOne(register, its));
  return [...found, ...misplaced(calls)].slice(0, MOST_COMPLAINTS);
}

function complaintsOfOne(register: string, calls: readonly Call[]): string[] {
  const complaints: string[] = [];
  const placed: Placed[] = [];
  const made = new Map<number, Call>();
  const unknown: Call[] = [];
  for (const call of calls) {
    const { kind, value } = call;
    if (value === undefined) {
      if (kind === 'add') unknown.push(call);
      continue;
    }
    if (kind === 'add' && made.has(value)) {
      complaints.push(`${register}: two adds were answered with ${value}: one of them is lost`);
    }
    if (kind === 'add') made.set(value, call);
    placed.push({ place: 2 * value + (kind === 'read' ? 1 : 0), call });
  }
  const most = placed.reduce((end, { place }) => Math.max(end, Math.floor(place / 2)), 0);
  // What nobody was answered ran all the same: as adds of unknown outcome, the earliest first.
  unknown.sort((a, b) => a.calledAt - b.calledAt);
  let next = 0;
  for (let value = 1; value <= most; value++) {
    if (made.has(value)) continue;
    const call = unknown[next];
    next += 1;
    if (call === undefined) {
      complaints.push(`${register}: nobody made it ${value}: an add ran more than once`);
      continue;
    }
    placed.push({ place: 2 * value, call });
  }
  return [...complaints, ...outOfTime(register, placed)];
}

/** Of calls in their order: none may have ended before one of an earlier place began. */
function outOfTime(register: string, placed: Placed[]): string[] {
  placed.sort((a, b) => a.place - b.place);
  let earliest: Placed | undefined;
  const complaints: string[] = [];
  // Calls of one place are reads of one value, in any order.
  for (let end = placed.length; end > 0;) {
    const place = placed[end - 1]?.place;
    let begin = end;
    while (placed[begin - 1]?.place === place) begin -= 1;
    const these = placed.slice(begin, end);
    for (const each of these) {
      if (earliest === undefined || each.call.calledAt <= earliest.call.answeredAt) continue;
      complaints.push(
        `${register}: ${named(earliest)} was answered before ${named(each)} was called`,
      );
    }
    for (const each of these) {
      const isEarlier = each.call.answeredAt < (earliest?.call.answeredAt ?? Infinity);
      if (isEarlier) earliest = each;
    }
    end = begin;
  }
  return complaints;
}

function named({ place, call: { kind } }: Placed): string {
  const value = Math.floor(place / 2);
  return kind === 'add' ? `the add to ${value}` : `a read of ${value}`;
}

/** The positions of adds are those of one log: each is there once, and in the registers' order. */
function misplaced(calls: readonly Call[]): string[] {
  const complaints: string[] = [];
  const taken = new Set<number>();
  for (const { kind, position } of calls) {
    if (kind !== 'add' || position === undefined) continue;
    if (taken.has(position)) complaints.push(`two adds have position ${position} of the log`);
    taken.add(position);
  }
  return complaints;
}
