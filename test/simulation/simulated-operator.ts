import type { Change } from '../../node/src/paxos/system-command.ts';
import type { Configuration } from '../../node/src/paxos/configuration.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const LOOK_MS = 150;

/** What a configuration is to become. */
type Step = Pick<Change, 'voters' | 'learners'> | 'wait' | 'nothing';

export interface OperatorWorld {
  readonly scheduler: Scheduler;
  readonly processes: readonly SimulatedProcess[];
  /** A new process with an empty disk. */
  readonly add: () => SimulatedProcess;
}

/**
 * Whoever operates the cluster: has as many voters as are wished for, replaces those whose disks
 * are lost, and stops who was removed once the configuration without it is settled. It does one
 * step at a time, over the leader.
 */
export class SimulatedOperator {
  readonly #world: OperatorWorld;
  #wish: number;
  /** Members that a configuration has named. */
  readonly #joined = new Set<string>();
  /** The change that was proposed last. */
  #proposed: Change | undefined;
  #isIdle = true;
  #isGone = false;
  changes = 0;

  constructor(world: OperatorWorld, voters: number) {
    this.#world = world;
    this.#wish = voters;
    world.scheduler.after(LOOK_MS, () => this.#look());
  }

  /** There is nothing to do. */
  get idle(): boolean {
    return this.#isIdle || this.#isGone;
  }

  /** The voters of a change that may be decided, and that nobody has applied yet. */
  get underWay(): readonly string[] | undefined {
    return this.#proposed?.voters;
  }

  /** So many voters are to be there. */
  wish(voters: number): void {
    this.#wish = voters;
    this.#isIdle = false;
  }

  /** Nobody operates the cluster from now on. */
  leave(): void {
    this.#isGone = true;
  }

  #look(): void {
    if (this.#isGone) return;
    this.#world.scheduler.after(LOOK_MS, () => this.#look());
    const leader = this.#world.processes
      .filter(({ leading }) => leading !== undefined)
      .sort((a, b) => (b.leading?.round ?? 0) - (a.leading?.round ?? 0))[0];
    if (leader === undefined) return;
    if (!leader.settled) {
      this.#isIdle = false;
      return;
    }
    const newest = leader.newest;
    if (newest.number !== this.#proposed?.base) this.#proposed = undefined;
    const members = [...newest.voters, ...newest.learners];
    for (const member of members) this.#joined.add(member);
    for (const process of this.#world.processes) {
      if (this.#joined.has(process.id) && !members.includes(process.id)) process.retire();
    }
    const next = this.#next(newest);
    this.#isIdle = next === 'nothing';
    if (next === 'nothing') return this.#stopUnneeded(members);
    if (next === 'wait') return;
    const { voters, learners } = next;
    const change = { base: newest.number, voters, learners, forced: false };
    if (!leader.reconfigure(change)) return;
    this.#proposed = change;
    this.changes += 1;
  }

  /** Who was started, and is not needed any more. */
  #stopUnneeded(members: readonly string[]): void {
    for (const process of this.#world.processes) {
      if (!process.isFirst && !members.includes(process.id)) process.retire();
    }
  }

  /**
   * The next step: it adds before it removes, and heals before it shrinks. So it shrinks only while
   * all who stay are up: who is down may find its disk damaged when it comes back.
   */
  #next({ voters, learners }: Configuration): Step {
    const lost = (id: string): boolean => this.#process(id)?.lost !== false;
    const without = (ids: readonly string[], id: string): string[] =>
      ids.filter((each) => each !== id);
    const [lostLearner] = learners.filter(lost);
    if (lostLearner !== undefined) return { voters, learners: without(learners, lostLearner) };
    const [lostVoter] = voters.filter(lost);
    const tooFew = voters.length < this.#wish;
    if (tooFew || (lostVoter !== undefined && voters.length === this.#wish)) {
      const [learner] = learners;
      if (learner === undefined) return { voters, learners: [this.#fresh().id] };
      return { voters: [...voters, learner], learners: without(learners, learner) };
    }
    if (lostVoter !== undefined) return { voters: without(voters, lostVoter), learners };
    if (voters.length > this.#wish) {
      const staying = voters.slice(1);
      const areUp = staying.every((id) => this.#process(id)?.hasRoles === true);
      return areUp ? { voters: staying, learners } : 'wait';
    }
    return learners.length > 0 ? { voters, learners: [] } : 'nothing';
  }

  #process(id: string): SimulatedProcess | undefined {
    return this.#world.processes.find((process) => process.id === id);
  }

  /** A process that was started, and that no configuration has named yet. */
  #fresh(): SimulatedProcess {
    const waiting = this.#world.processes.find(
      ({ id, lost, isFirst }) => !lost && !isFirst && !this.#joined.has(id),
    );
    return waiting ?? this.#world.add();
  }
}
