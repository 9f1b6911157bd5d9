import { encodeChatOperation, parseChatResult } from '../../contract/src/chat-log.ts';
import type { Applier } from '../../node/src/machine/applier.ts';
import { formatBallot } from '../../node/src/paxos/ballot.ts';
import type { Effect } from '../../node/src/paxos/effects.ts';
import { strike } from './faults.ts';
import type { Operation } from './history.ts';
import { BrokenInvariant, Invariants } from './invariants.ts';
import { isLinearizable } from './linearizability.ts';
import { chatLogModel, registerModel } from './models.ts';
import type { FaultKind, Plan } from './plan.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedClient, type LogOperation, type RegisterOperation } from './simulated-client.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { SimulatedProcess, type Observer } from './simulated-process.ts';
import type { Trace } from './trace.ts';

/** In `liveness` runs everything that is open is decided so soon after the last fault. */
const LIVENESS_MS = 30_000;
/** States are compared at every so many slots. */
const HASHED_SLOTS = 16;

export interface Failure {
  /** The invariant that broke, or `exception`. */
  readonly invariant: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly at: number;
}

/** What a run was. */
export interface Report {
  readonly plan: Plan;
  readonly failure: Failure | undefined;
  readonly steps: number;
  readonly messages: number;
  /** Operations that were answered, and that were begun. */
  readonly answered: number;
  readonly begun: number;
  readonly decided: number;
  readonly leaderChanges: number;
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly simulatedMs: number;
}

/** Runs a plan to its end, or to its first failure. */
export function simulate(plan: Plan, trace?: Trace): Report {
  return new Simulation(plan, trace).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #trace: Trace | undefined;
  readonly #scheduler = new Scheduler();
  readonly #invariants: Invariants;
  readonly #processes: SimulatedProcess[] = [];
  readonly #clients: SimulatedClient[] = [];
  readonly #network: SimulatedNetwork;
  readonly #faults = new Map<FaultKind, number>();
  #steps = 0;
  #leaderChanges = 0;
  /** The longest chat log that any member had. */
  #texts: readonly string[] = [];

  constructor(plan: Plan, trace: Trace | undefined) {
    this.#plan = plan;
    this.#trace = trace;
    this.#invariants = new Invariants(plan.members);
    const random = new Random(plan.seed ^ 0x5eed);
    const scheduler = this.#scheduler;
    const arrive = (to: string, deliver: () => void): void => {
      this.#processes.find(({ id }) => id === to)?.gate(deliver);
    };
    this.#network = new SimulatedNetwork(plan, scheduler, random.fork(), arrive, (frame) =>
      trace?.carried(frame),
    );
    const members = Array.from({ length: plan.members }, (_, i) => `n${i}`);
    const world = {
      plan,
      members,
      scheduler,
      network: this.#network,
      observer: this.#observer(),
    };
    for (const id of members) {
      this.#processes.push(new SimulatedProcess(id, world, random.fork()));
    }
    const clientWorld = {
      plan,
      scheduler,
      network: this.#network,
      processes: this.#processes,
      acknowledged: (client: string, slot: number) => {
        this.#invariants.acknowledged(client, slot);
      },
    };
    for (let i = 0; i < plan.clients; i++) {
      this.#clients.push(new SimulatedClient(i + 1, clientWorld, random.fork()));
    }
    for (const fault of plan.faults) {
      scheduler.after(fault.at, () => {
        const field = { scheduler, network: this.#network, processes: this.#processes };
        if (!strike(fault, field)) return;
        this.#faults.set(fault.kind, (this.#faults.get(fault.kind) ?? 0) + 1);
        trace?.fault(scheduler.now, fault);
      });
    }
  }

  #observer(): Observer {
    const invariants = this.#invariants;
    const trace = this.#trace;
    const now = (): number => this.#scheduler.now;
    return {
      started: (member, recovered, flushed) => {
        trace?.mark(now(), member, 'start', '');
        invariants.started(member, recovered, flushed);
      },
      stepped: (member, effects, applier) => {
        trace?.stepped(now(), member, effects);
        this.#compareStates(member, effects, applier);
        invariants.stepped(member, effects);
        for (const effect of effects) {
          if (effect.type === 'apply') invariants.applied(member, effect.slot, effect.value);
        }
      },
      durable: (member, records) => {
        trace?.durable(now(), member, records);
        const before = invariants.decided;
        invariants.durable(member, records);
        if (invariants.decided > before) trace?.mark(now(), member, 'decided', '');
      },
      flushed: (member, slotOut) => invariants.flushed(member, slotOut),
      leading: (member, ballot) => {
        if (ballot !== undefined) this.#leaderChanges += 1;
        trace?.mark(now(), member, ballot ? 'leads' : 'yields', formatBallot(ballot));
      },
      ended: (member, why) => {
        trace?.mark(now(), member, 'end', why);
        const process = this.#processes.find(({ id }) => id === member);
        if (process !== undefined) this.#keepTexts(process);
      },
    };
  }

  /** Before a step that applies: the state is that of the first slot it applies. */
  #compareStates(member: string, effects: readonly Effect[], applier: Applier): void {
    const first = effects.find((effect) => effect.type === 'apply');
    if (first?.type !== 'apply' || first.slot % HASHED_SLOTS !== 0) return;
    this.#invariants.state(member, first.slot, applier.stateHash());
  }

  run(): Report {
    let failure: Failure | undefined;
    try {
      this.#work();
      this.#checkHistory();
    } catch (error) {
      failure = failureOf(error, this.#scheduler.now);
    }
    return {
      plan: this.#plan,
      failure,
      steps: this.#steps,
      messages: this.#network.messages,
      answered: this.#history().filter(({ returnedAt }) => returnedAt !== undefined).length,
      begun: this.#history().length,
      decided: this.#invariants.decided,
      leaderChanges: this.#leaderChanges,
      faults: this.#faults,
      simulatedMs: this.#scheduler.now,
    };
  }

  #work(): void {
    const { mode, forMs } = this.#plan;
    this.#until(forMs);
    if (mode === 'safety') return;
    this.#heal();
    const isDone = (): boolean => this.#clients.every(({ open }) => open === 0) && this.#isEven();
    this.#until(forMs + LIVENESS_MS, isDone);
    if (isDone()) return;
    const open = this.#clients.reduce((sum, client) => sum + client.open, 0);
    const slots = this.#processes.map(({ id, slotOut }) => `${id} at ${slotOut}`);
    throw new BrokenInvariant(
      'liveness',
      `${LIVENESS_MS} ms after the last fault ${open} operations are open; ${slots.join(', ')}`,
    );
  }

  #until(time: number, isDone = (): boolean => false): void {
    while (this.#scheduler.now < time && !isDone()) {
      if (!this.#scheduler.next()) return;
      this.#steps += 1;
    }
  }

  #heal(): void {
    this.#network.calm();
    for (const process of this.#processes) process.heal();
  }

  #isEven(): boolean {
    const slots = this.#processes.filter(({ lost }) => !lost).map(({ slotOut }) => slotOut);
    return new Set(slots).size === 1;
  }

  #history(): Operation[] {
    return this.#clients.flatMap(({ history }) => history);
  }

  /** Without the reads that nobody answered: they mean nothing. */
  #meaningful(): Operation[] {
    return this.#history().filter(({ input, returnedAt }) => {
      return returnedAt !== undefined || (input as { type: string }).type !== 'read';
    });
  }

  #checkHistory(): void {
    for (const process of this.#processes) this.#keepTexts(process);
    const isRight =
      this.#plan.machine === 'counter'
        ? this.#registers().every((history) => isLinearizable(registerModel, history))
        : isLinearizable(chatLogModel(this.#texts), this.#meaningful() as LogOperation[]);
    if (!isRight) throw new BrokenInvariant('linearizable', 'the history is not linearizable');
  }

  /** Keeps the chat log of a member when it is the longest so far. */
  #keepTexts({ applier }: SimulatedProcess): void {
    if (this.#plan.machine !== 'chat-log' || applier === undefined) return;
    const read = encodeChatOperation({ type: 'read', from: 0, limit: 1_000_000 });
    const page = parseChatResult(applier.query(read));
    if (page.type === 'texts' && page.texts.length > this.#texts.length) this.#texts = page.texts;
  }

  /** Registers are independent: each has a history of its own. */
  #registers(): RegisterOperation[][] {
    const registers = new Map<string, RegisterOperation[]>();
    for (const operation of this.#meaningful() as RegisterOperation[]) {
      const { register } = operation.input;
      const history = registers.get(register);
      if (history === undefined) registers.set(register, [operation]);
      else history.push(operation);
    }
    return [...registers.values()];
  }
}

function failureOf(error: unknown, at: number): Failure {
  const invariant = error instanceof BrokenInvariant ? error.invariant : 'exception';
  if (!(error instanceof Error)) return { invariant, message: String(error), stack: '', at };
  const { message, stack, name } = error;
  // What the core asserts itself names its invariant first.
  const local = name === 'InvariantViolation' ? /^[A-Z]\d/.exec(message)?.[0] : undefined;
  return { invariant: local ?? invariant, message, stack, at };
}
