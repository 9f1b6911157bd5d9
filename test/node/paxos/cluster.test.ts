import { compareBallots } from '../../../node/src/paxos/ballot.ts';
import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import type { LeadershipMode } from '../../../node/src/paxos/regime.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect, LogRecord, Recovered } from '../../../node/src/paxos/effects.ts';
import type { Input } from '../../../node/src/paxos/input.ts';
import { Member } from '../../../node/src/paxos/member.ts';
import type { LogEnd } from '../../../node/src/paxos/log-end.ts';
import type { CoreMessage } from '../../../node/src/paxos/messages.ts';
import { sameValue, type Pvalue, type Slot, type Value } from '../../../node/src/paxos/pvalue.ts';
import { quorumSize } from '../../../node/src/paxos/quorum.ts';
import { Random } from '../../simulation/random.ts';
import { machine, timing, value } from './samples.ts';

/* Members alone, over a network that loses, doubles and reorders, with restarts from their logs. */

const SEEDS = 60;
const STEPS = 700;
const CALM_STEPS = 4000;
const voters = ['a', 'b', 'c'];
const configurations = new Configurations([firstConfiguration(voters, 6)]);

interface Flying {
  readonly from: string;
  readonly to: string;
  readonly message: CoreMessage;
  readonly end: LogEnd;
}

/** By ballot: what was accepted, and by whom. */
type Votes = Map<string, Vote>;

interface Vote {
  readonly pvalue: Pvalue;
  readonly by: Set<string>;
}

class Cluster {
  readonly #random: () => number;
  readonly #mode: LeadershipMode;
  readonly #members = new Map<string, Member>();
  readonly #logs = new Map<string, LogRecord[]>();
  readonly #runs = new Map<string, number>();
  readonly #applied = new Map<string, Value[]>();
  #flying: Flying[] = [];
  /** Every pvalue that an acceptor accepted, by slot, ballot and acceptor. */
  readonly #accepted = new Map<Slot, Votes>();
  readonly #decided = new Map<Slot, Value>();

  constructor(seed: number, mode: LeadershipMode) {
    this.#random = new Random(seed).next;
    this.#mode = mode;
    for (const id of voters) {
      this.#logs.set(id, []);
      this.restart(id);
    }
  }

  /** A new process over the log that is there; the state machine begins anew. */
  restart(id: string): void {
    this.#applied.set(id, []);
    const recovered = recover(this.#logs.get(id) ?? []);
    const packing = { batchBytes: 4, pipeline: 3, applyBytes: 6, heldBytes: 1 << 20 };
    this.#runs.set(id, (this.#runs.get(id) ?? 0) + 1);
    const init = { self: id, configurations, mode: this.#mode, timing, packing, recovered };
    this.#members.set(id, new Member({ ...init, end: this.#end(id), heard: {}, machine }));
  }

  #end(id: string): LogEnd {
    const incarnation = { count: this.#runs.get(id) ?? 0, random: 0 };
    return { incarnation, sequence: this.#logs.get(id)?.length ?? 0 };
  }

  step(id: string, input: Input): void {
    const member = this.#members.get(id);
    if (member !== undefined) for (const effect of member.step(input)) this.#perform(id, effect);
  }

  #perform(id: string, effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.#logs.get(id)?.push(effect.record);
        if (effect.record.type === 'accepted') this.#accept(id, effect.record);
        break;
      case 'send':
        for (const to of effect.to) {
          this.#flying.push({ from: id, to, message: effect.message, end: this.#end(id) });
        }
        break;
      case 'apply':
        this.#apply(id, effect.slot, effect.value);
        break;
      case 'ask-presence':
        // Right or wrong, or no answer at all.
        if (this.#random() < 0.5) this.step(id, { type: 'gone', member: effect.of });
        break;
      case 'leading':
      case 'unfinished': // Ticks apply the rest.
      case 'dropped': // What a run had sent that is over.
        break;
      case 'expelled':
      case 'readable':
      case 'recall':
      case 'collect':
      case 'refused':
      case 'fetch-state':
      case 'surveyed':
      case 'reconfigured':
      case 'compare':
      case 'expire':
      case 'quota':
      case 'machine':
      case 'ask-outside':
        throw new Error(`nobody asked for it: ${effect.type}`);
      default:
        effect satisfies never;
    }
  }

  #accept(by: string, { ballot, slot, value }: Pvalue): void {
    const votes = this.#accepted.get(slot) ?? new Map<string, Vote>();
    this.#accepted.set(slot, votes);
    const key = `${ballot.round}.${ballot.leader}`;
    const vote = votes.get(key) ?? { pvalue: { ballot, slot, value }, by: new Set<string>() };
    votes.set(key, vote);
    if (!sameValue(vote.pvalue.value, value)) throw new Error(`A4: slot ${slot} at ${key}`);
    vote.by.add(by);
    this.#checkSlot(slot, votes);
  }

  /** What a majority accepted at one ballot, every accepted pvalue of a higher ballot has. */
  #checkSlot(slot: Slot, votes: Votes): void {
    for (const { pvalue: chosen, by } of votes.values()) {
      if (by.size < quorumSize(voters.length)) continue;
      for (const { pvalue } of votes.values()) {
        if (compareBallots(pvalue.ballot, chosen.ballot) <= 0) continue;
        if (!sameValue(pvalue.value, chosen.value)) throw new Error(`A5, C2: slot ${slot}`);
      }
    }
  }

  #apply(id: string, slot: Slot, value: Value): void {
    const applied = this.#applied.get(id) ?? [];
    if (applied.length !== slot)
      throw new Error(`R3: ${id} applies ${slot} as ${applied.length}th`);
    applied.push(value);
    const before = this.#decided.get(slot);
    if (before === undefined) this.#decided.set(slot, value);
    else if (!sameValue(before, value)) throw new Error(`R1: slot ${slot} has two values`);
  }

  /** Delivers one of the messages that are under way, perhaps again, or loses it. */
  deliver(faults: boolean): void {
    if (this.#flying.length === 0) return;
    const i = faults ? Math.floor(this.#random() * this.#flying.length) : 0;
    const [flying] = this.#flying.splice(i, 1);
    if (flying === undefined) return;
    const { from, to, message, end } = flying;
    const luck = faults ? this.#random() : 1;
    if (luck < 0.15) return;
    if (luck < 0.3) this.#flying.push(flying);
    this.step(to, { type: 'message', from, message, ...(from === to ? {} : { end }) });
  }

  tick(): void {
    for (const id of voters) {
      this.step(id, { type: 'tick', random: this.#random() });
    }
  }

  /** Where leadership is stable, only who leads takes a command; clients send it until then. */
  request(text: string, to: string): void {
    const input = { type: 'request', commands: value(text) } as const;
    const leading = voters.filter((id) => this.#members.get(id)?.leading !== undefined);
    const receivers = this.#mode === 'stable' ? leading : [to];
    for (const id of receivers) this.step(id, input);
  }

  /** Requests, restarts and a bad network, and then calm until everything is applied everywhere. */
  run(): void {
    let requested = 0;
    for (let i = 0; i < STEPS; i++) {
      const luck = this.#random();
      const id = voters[Math.floor(this.#random() * 3)] ?? 'a';
      if (luck < 0.08) {
        this.request(`c${requested++}`, id);
      } else if (luck < 0.1) this.restart(id);
      else if (luck < 0.25) this.tick();
      else this.deliver(true);
    }
    for (let i = 0; i < CALM_STEPS; i++) {
      if (i % 8 === 0) this.tick();
      if (i > CALM_STEPS / 2 && i % 100 === 0) this.request(`c${requested++}`, 'a');
      this.deliver(false);
    }
  }

  /** The commands that a member applied, in order. */
  texts(id: string): string[] {
    return (this.#applied.get(id) ?? []).flat().map((command) => new TextDecoder().decode(command));
  }
}

/** What a log gives back: as log-opening.ts does, from its records. */
function recover(records: readonly LogRecord[]): Recovered {
  let recovered: Recovered = { decidedMark: 0, floor: 0, slotOut: 0, stored: [] };
  const stored = new Map<Slot, Recovered['stored'][number]>();
  for (const record of records) {
    if (record.type === 'leader-ballot') recovered = { ...recovered, leaderBallot: record.ballot };
    else if (record.type === 'decided-mark') recovered = { ...recovered, decidedMark: record.slot };
    else if (record.type !== 'floor' && record.type !== 'flushed') {
      const { type, ballot } = record;
      const raises = type !== 'learned' && compareBallots(ballot, recovered.ballot) > 0;
      if (raises) recovered = { ...recovered, ballot };
      if (type !== 'ballot') stored.set(record.slot, { ...record, learned: type === 'learned' });
    }
  }
  return { ...recovered, stored: [...stored.values()] };
}

describe.each(['stable', 'on-demand'] as const)('%s', (mode) => {
  test('R1, R3, A4, A5, C2: through loss, doubles, reordering and restarts, one order', () => {
    let decided = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const cluster = new Cluster(seed, mode);
      try {
        cluster.run();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
      const [a, b, c] = voters.map((id) => cluster.texts(id));
      // After calm they have applied the same.
      expect({ seed, b, c }).toEqual({ seed, b: a, c: a });
      decided += a?.length ?? 0;
    }
    expect(decided).toBeGreaterThan(SEEDS * 10);
  }, 60_000);
});
