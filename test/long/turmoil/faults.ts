import type { Random } from '../../simulation/random.ts';

/** `kill`: by SIGKILL, and started again. `stop`: by SIGSTOP, and continued. */
export interface Fault {
  readonly type: 'kill' | 'stop' | 'broker';
  readonly afterMs: number;
  readonly lastsMs: number;
  /** Whether it strikes who leads; and how many others. */
  readonly leader: boolean;
  readonly others: number;
}

/** Faults that strike together, and how long it is quiet before them. */
export interface Round {
  readonly faults: readonly Fault[];
  /** In which order members are taken. */
  readonly order: readonly number[];
  readonly restMs: number;
}

type Strike = Pick<Fault, 'type' | 'leader' | 'others'>;

const killed = (leader: boolean, others: number): Strike => ({ type: 'kill', leader, others });
const stopped = (leader: boolean, others: number): Strike => ({ type: 'stop', leader, others });
const broker: Strike = { type: 'broker', leader: false, others: 0 };

/** Of three members. */
const deck: readonly (readonly Strike[])[] = [
  [killed(true, 0)],
  [killed(false, 1)],
  [killed(true, 1)],
  [killed(true, 2)],
  [stopped(true, 0)],
  [stopped(false, 1)],
  [stopped(true, 1)],
  [stopped(true, 2)],
  [broker],
  [stopped(true, 0), killed(false, 1)],
  [stopped(false, 1), killed(true, 0)],
  [broker, killed(true, 0)],
  [broker, stopped(true, 0)],
  [broker, killed(false, 1), stopped(true, 0)],
];

const LONGEST_MS = { kill: 1_000, stop: 3_000, broker: 1_500 };
const APART_MS = 800;
const REST_MS = 1_000;

/** Rounds of a seed, without an end: each of the deck comes before any comes again. */
export function* rounds(random: Random, members: number): Generator<Round, never> {
  const order = Array.from({ length: members }, (_, i) => i);
  for (;;) {
    for (const strikes of shuffled(deck, random)) {
      const faults = strikes.map((strike) => ({
        ...strike,
        afterMs: Math.round(random.between(0, APART_MS)),
        lastsMs: Math.round(random.between(0, LONGEST_MS[strike.type])),
      }));
      const restMs = Math.round(random.between(0, REST_MS));
      yield { faults, order: shuffled(order, random), restMs };
    }
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const keyed = all.map((each) => ({ each, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ each }) => each);
}
