import { Random } from './random.ts';

/** Something that goes wrong once, at a time. What a kind does stands in faults.ts. */
export interface Fault {
  readonly kind: FaultKind;
  /** Simulated milliseconds since the beginning. */
  readonly at: number;
  /** The member that it hits, by its number; faults of everybody hit all. */
  readonly member: number;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
  /** In [0, 1): what the kind makes of it (how much of a write is torn, which bit flips, …). */
  readonly luck: number;
}

export const faultKinds = [
  'cut-off',
  'cut-off-one-way',
  'split',
  'broker-gone',
  'slow',
  'pause',
  'clock-rate',
  'clock-jump',
  'kill',
  'kill-at-effect',
  'power-cut',
  'power-cut-all',
  'failing-disk',
  'bit-flip',
  'wipe',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** After these a member stays down: there are no replacements yet. */
export const isForGood: Partial<Record<FaultKind, true>> = { 'bit-flip': true, wipe: true };

/** A run, in full: the same plan gives the same run. It is drawn from a seed, or minimised. */
export interface Plan {
  readonly seed: number;
  /** `liveness`: faults end, and then everything that is open must be decided in bounded time. */
  readonly mode: 'safety' | 'liveness';
  readonly machine: 'counter' | 'chat-log';
  readonly members: number;
  readonly window: number;
  readonly clients: number;
  /** How many operations each client begins. */
  readonly operations: number;
  /** Simulated milliseconds in which operations begin and faults strike. */
  readonly forMs: number;
  /** Shares of the messages that are lost, doubled, or much delayed. */
  readonly loss: number;
  readonly duplication: number;
  readonly delay: number;
  readonly faults: readonly Fault[];
}

const KINDS_AT_MOST = 5;
const STRIKES_AT_LEAST = 2;
const STRIKES_AT_MOST = 7;

/** Draws a run. Each has only some kinds of fault, turned up high (swarm testing). */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const members = random.pick([3, 3, 3, 5, 5, 1]);
  const forMs = random.between(15_000, 30_000);
  return {
    seed,
    mode: random.chance(0.5) ? 'safety' : 'liveness',
    machine: random.chance(0.6) ? 'counter' : 'chat-log',
    members,
    window: random.pick([2, 5, 16, 64]),
    clients: 2 + random.below(6),
    operations: 60 + random.below(60),
    forMs,
    loss: members > 1 && random.chance(0.6) ? random.between(0.01, 0.2) : 0,
    duplication: members > 1 && random.chance(0.5) ? random.between(0.01, 0.3) : 0,
    delay: members > 1 && random.chance(0.5) ? random.between(0.01, 0.2) : 0,
    faults: faultsOf(random.fork(), members, forMs),
  };
}

function faultsOf(random: Random, members: number, forMs: number): Fault[] {
  const armed = new Set<FaultKind>(members > 1 ? ['kill', 'cut-off'] : ['kill']);
  while (armed.size < 2 + random.below(KINDS_AT_MOST)) armed.add(random.pick(faultKinds));
  const faults: Fault[] = [];
  let lost = 0;
  for (const kind of faultKinds) {
    if (!armed.has(kind)) continue;
    const strikes = STRIKES_AT_LEAST + random.below(STRIKES_AT_MOST - STRIKES_AT_LEAST);
    for (let i = 0; i < strikes; i++) {
      if (isForGood[kind] && ++lost > Math.floor((members - 1) / 2)) break;
      faults.push({
        kind,
        at: random.between(0.03, 0.95) * forMs,
        member: random.below(members),
        forMs: random.between(50, 3_000),
        luck: random.next(),
      });
    }
  }
  return faults.sort((a, b) => a.at - b.at);
}
