import { encodeChatOperation, parseChatResult } from '../../machines/src/chat-log/operations.ts';
import { FIRST_VERSION } from '../../contract/src/machine-version.ts';
import type { Applier } from '../../node/src/machine/applier.ts';
import type { Effect } from '../../node/src/paxos/effects.ts';
import type { Slot } from '../../node/src/paxos/pvalue.ts';
import { areChatLogAnswersRight, areCounterAnswersRight } from './checks/answers.ts';
import type { Operation } from './checks/history.ts';
import { BrokenInvariant, Invariants } from './checks/invariants.ts';
import { strike } from './faults.ts';
import type { Fault, FaultKind, Plan } from './plan.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedClient, type ClientWorld } from './simulated-client.ts';
import { SimulatedOperator } from './simulated-operator.ts';
import { SimulatedNetwork, type Carried, type Tamper } from './simulated-network.ts';
import { SimulatedProcess, type Observer } from './simulated-process.ts';
import type { Trace } from './trace/trace.ts';

/** In `liveness` runs everything that is open is decided so soon after the last fault; … */
const LIVENESS_MS = 30_000;
/** … and so much later for each operation that was open then: they wait for one another. */
const EACH_MS = 50;
/** States are compared at every so many slots. */
const HASHED_SLOTS = 16;
/** Before only a majority is mended, nobody changes the configuration for this share of the run. */
const UNCHANGED = 0.2;
/** A fault with nothing to hit tries again. */
const STRIKE_AGAIN_MS = 700;

/** What was under way when a member took nothing new any more: a turn, a page, slots accepted. */
const UNDER_WAY_BYTES = 64 * 1024;
const SLOT_BYTES = 192;

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
  /** Frames in which a bit was flipped. */
  readonly garbled: number;
  /** Messages that were a part of a frame. */
  readonly parts: number;
  /** Operations that were answered, and that were begun. */
  readonly answered: number;
  readonly begun: number;
  readonly decided: number;
  /** How often a member became the leader. */
  readonly elections: number;
  /** How many changes of the configuration were proposed. */
  readonly changes: number;
  /** How often a log let go of old records. */
  readonly collections: number;
  /** How often a member went on from the state of another one. */
  readonly transfers: number;
  /** How often a member began again while its process stayed. */
  readonly restarts: number;
  readonly expired: number;
  /** Commands that were refused for good: the quota was reached. */
  readonly refused: number;
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly simulatedMs: number;
}

export interface Observing {
  /** Gets everything that happens. */
  readonly trace?: Trace;
  /** Decides about single frames, for directed tests. */
  readonly tamper?: Tamper;
  /** Nothing is checked: to see whether anything works at all. */
  readonly unchecked?: boolean;
}

/** Runs a plan to its end, or to its first failure. */
export function simulate(plan: Plan, observing: Observing = {}): Report {
  return new Simulation(plan, observing).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #trace: Trace | undefined;
  readonly #unchecked: boolean;
  /** Somebody may never hear the leader, and says so rightly. */
  readonly #isTampered: boolean;
  readonly #scheduler = new Scheduler();
  readonly #invariants: Invariants;
  readonly #processes: SimulatedProcess[] = [];
  readonly #clients: SimulatedClient[] = [];
  readonly #network: SimulatedNetwork;
  #operator: SimulatedOperator | undefined;
  /** With leadership on demand nobody takes a lost member's place. */
  #formatted = (): void => undefined;
  readonly #faults = new Map<FaultKind, number>();
  /** Those that stay as they are when the faults end. */
  #broken: readonly SimulatedProcess[] = [];
  #steps = 0;
  #elections = 0;
  #collections = 0;
  #transfers = 0;
  #restarts = 0;
  /** The longest chat log that any member had. */
  #texts: readonly string[] = [];

  constructor(plan: Plan, { trace, tamper, unchecked = false }: Observing) {
    this.#plan = plan;
    this.#unchecked = unchecked;
    this.#trace = trace;
    this.#isTampered = tamper !== undefined;
    const members = Array.from({ length: plan.members }, (_, i) => `n${i}`);
    this.#invariants = new Invariants(members, plan.window, plan.leadership);
    const random = new Random(plan.seed ^ 0x5eed);
    const scheduler = this.#scheduler;
    this.#network = new SimulatedNetwork(plan, scheduler, random.fork(), {
      carried: (frame) => this.#carried(frame),
      tamper,
    });
    const network = this.#network;
    const release = { version: FIRST_VERSION };
    const world = { plan, members, scheduler, network, observer: this.#observer(), release };
    for (const id of members) {
      this.#processes.push(new SimulatedProcess(id, world, random.fork()));
    }
    for (let i = 0; i < plan.clients; i++) {
      const client = new SimulatedClient(i, plan, this.#clientWorld(), random.fork());
      this.#clients.push(client);
    }
    const late = random.fork();
    const add = (): SimulatedProcess => {
      const process = new SimulatedProcess(`n${this.#processes.length}`, world, late.fork());
      this.#processes.push(process);
      return process;
    };
    if (plan.leadership === 'stable') {
      const field = { scheduler, processes: this.#processes, add };
      const operator = new SimulatedOperator(field, plan.members);
      this.#formatted = () => void add();
      if (plan.healing === 'core') {
        scheduler.after((1 - UNCHANGED) * plan.forMs, () => operator.leave());
      }
      for (const { at, voters } of plan.resizes) scheduler.after(at, () => operator.wish(voters));
      this.#operator = operator;
    }
    for (const fault of plan.faults) scheduler.after(fault.at, () => this.#strike(fault));
  }

  #clientWorld(): ClientWorld {
    const scheduler = this.#scheduler;
    return {
      scheduler,
      network: this.#network,
      processes: this.#processes,
      acknowledged: (client, slot) =>
        this.#check(() => this.#invariants.acknowledged(client, slot)),
      called: (from, to, label, arrivesAt) =>
        this.#trace?.add({ type: 'call', at: scheduler.now, from, to, label, arrivesAt }),
    };
  }

  #carried(frame: Carried): void {
    this.#trace?.add({ type: 'frame', at: this.#scheduler.now, ...frame });
    this.#check(() => {
      for (const message of frame.messages) this.#invariants.left(frame, message);
    });
  }

  /** A fault that finds nothing to hit waits until it does. */
  #strike(fault: Fault): void {
    const scheduler = this.#scheduler;
    if (scheduler.now > this.#plan.forMs) return;
    const canLose = (process: SimulatedProcess): boolean => this.#canLose(process);
    const world = { scheduler, network: this.#network, processes: this.#processes };
    const field = {
      ...world,
      canLose,
      formatted: this.#formatted,
      join: (twin: SimulatedProcess) => void this.#processes.push(twin),
      isMember: (id: string) => this.#isMember(id),
    };
    const hit = strike(fault, field);
    if (hit === undefined) return scheduler.after(STRIKE_AGAIN_MS, () => this.#strike(fault));
    this.#faults.set(fault.kind, (this.#faults.get(fault.kind) ?? 0) + 1);
    this.#trace?.add({ type: 'fault', at: scheduler.now, fault, members: [hit.id] });
  }

  /** A minority at most, as far as nobody replaces it; else nobody while somebody is missing. */
  #canLose(process: SimulatedProcess): boolean {
    if (process.endangered || this.#isChanging) return false;
    if (this.#operator === undefined) {
      const lost = this.#processes.filter((each) => each.endangered).length;
      return lost + 1 <= (this.#plan.members - 1) / 2;
    }
    const isThere = (id: string): boolean =>
      this.#processes.some((each) => each.id === id && !each.endangered);
    // What a crash of all would leave them: the others may know no more than their disks.
    const rulings = this.#processes.flatMap(({ hasRoles, known, flushed }) =>
      hasRoles ? known.votersFrom(flushed) : [],
    );
    // All are down: nobody says what their disks hold, and what is under way may never come.
    if (rulings.length === 0) return false;
    const { underWay } = this.#operator;
    if (underWay !== undefined) rulings.push(underWay);
    return (
      rulings.every((voters) => voters.length > 2 && voters.every(isThere)) &&
      rulings.some((voters) => voters.includes(process.id))
    );
  }

  /**
   * Others may be needed than those whom the members know of: a change is accepted somewhere that
   * nobody has applied, and may be decided yet; or one is in force that is not on somebody's disk,
   * and after a crash those before it are needed again.
   */
  get #isChanging(): boolean {
    const applied = Math.max(0, ...this.#processes.map(({ slotOut }) => slotOut));
    return this.#processes.some((process) => {
      const { hasRoles, endangered, newest, flushed } = process;
      const isUnsaved = hasRoles && !endangered && newest.from > flushed;
      return isUnsaved || process.hasAcceptedChange(applied);
    });
  }

  #isMember(id: string): boolean {
    const running = this.#processes.filter((process) => process.hasRoles);
    return running.some(({ known }) => known.members.includes(id));
  }

  #observer(): Observer {
    const invariants = this.#invariants;
    const trace = this.#trace;
    const plan = this.#plan;
    const now = (): number => this.#scheduler.now;
    return {
      started: (process, recovered, flushed) => {
        trace?.add({ type: 'start', at: now(), member: process.name });
        this.#check(() => invariants.started(process, recovered, flushed));
      },
      told: (member, isKept) => {
        this.#check(() => {
          if (isKept) return;
          throw new BrokenInvariant('told', `${member} left the cluster that it was told first`);
        });
      },
      stepped: ({ id, name }, effects) => {
        this.#traceApplied(name, effects);
        this.#check(() => invariants.stepped(id, name, effects));
      },
      applying: (process, slot, applier) => {
        this.#check(() => this.#compareState(process, slot, applier));
      },
      damaged: (member) => invariants.damaged(member),
      durable: (process, records) => {
        trace?.add({ type: 'persist', at: now(), member: process.id, records });
        this.#check(() => {
          for (const slot of invariants.durable(process, records)) {
            trace?.add({ type: 'decide', at: now(), member: process.id, slot });
          }
        });
      },
      flushed: (process, slotOut) => this.#check(() => invariants.flushed(process, slotOut)),
      setAside: (member) => invariants.setAside(member),
      collected: (process, floor) => {
        this.#collections += 1;
        this.#check(() => invariants.collected(process, floor));
      },
      restored: () => {
        this.#transfers += 1;
      },
      beginsAgain: () => {
        this.#restarts += 1;
      },
      leading: ({ id, name }, ballot) => {
        if (ballot !== undefined) {
          this.#elections += 1;
          this.#check(() => invariants.leading(id, name, ballot));
        }
        trace?.add({ type: 'lead', at: now(), member: name, ballot });
      },
      queued: (member, bytes) => {
        this.#check(() => {
          const { queueBytes } = plan;
          if (bytes <= queueBytes) return;
          const text = `${member} took what makes ${bytes} bytes wait, and not ${queueBytes}`;
          throw new BrokenInvariant('bounds', text);
        });
      },
      unwritten: (member, bytes) => {
        this.#check(() => {
          const most = plan.unwrittenBytes + UNDER_WAY_BYTES + plan.window * SLOT_BYTES;
          if (bytes <= most) return;
          const text = `${member} has ${bytes} bytes in memory alone, and not ${most}`;
          throw new BrokenInvariant('bounds', text);
        });
      },
      ended: (member, why) => {
        trace?.add({ type: 'end', at: now(), member, why });
        const process = this.#processes.find(({ name }) => name === member);
        if (process === undefined) return;
        this.#keepTexts(process);
        for (const other of this.#processes) if (other !== process) other.loseWitness(process);
      },
    };
  }

  #check(check: () => void): void {
    if (!this.#unchecked) check();
  }

  #traceApplied(member: string, effects: readonly Effect[]): void {
    if (this.#trace === undefined) return;
    const at = this.#scheduler.now;
    for (const effect of effects) {
      if (effect.type !== 'apply') continue;
      const { slot, value } = effect;
      this.#trace.add({ type: 'apply', at, member, slot, commands: value.length });
    }
  }

  /** What was damaged and is not found yet differs: what it says is looked at all the same. */
  #compareState(process: SimulatedProcess, slot: Slot, applier: Applier): void {
    const { id, isStateDamaged, sharesDisk } = process;
    if (isStateDamaged || sharesDisk || slot % HASHED_SLOTS !== 0) return;
    this.#invariants.state(id, slot, applier.stateHash());
  }

  run(): Report {
    let failure: Failure | undefined;
    try {
      this.#work();
      this.#checkHistory();
    } catch (error) {
      failure = failureOf(error, this.#scheduler.now);
      this.#trace?.add({ type: 'failure', at: failure.at, message: failure.message });
    }
    return {
      plan: this.#plan,
      failure,
      steps: this.#steps,
      messages: this.#network.messages,
      garbled: this.#network.garbled,
      parts: this.#network.parts,
      answered: this.#history().filter(({ returnedAt }) => returnedAt !== undefined).length,
      begun: this.#history().length,
      decided: this.#invariants.decided,
      elections: this.#elections,
      changes: this.#operator?.changes ?? 0,
      collections: this.#collections,
      transfers: this.#transfers,
      restarts: this.#restarts,
      expired: this.#clients.reduce((sum, { expired }) => sum + expired, 0),
      refused: this.#clients.reduce((sum, { refused }) => sum + refused, 0),
      faults: this.#faults,
      simulatedMs: this.#scheduler.now,
    };
  }

  #work(): void {
    const { mode, forMs } = this.#plan;
    this.#until(forMs);
    if (mode === 'safety') return;
    this.#heal();
    // On demand, a member may miss what was decided until it is asked for something.
    const isEven = (): boolean => this.#plan.leadership === 'on-demand' || this.#isEven();
    const isIdle = (): boolean => this.#operator?.idle ?? true;
    // On demand nobody proposes an upgrade; and none is due before all voters have it.
    const isUpgraded = (): boolean =>
      this.#plan.leadership === 'on-demand' ||
      this.#broken.length > 0 ||
      this.#lacksVoter() ||
      this.#processes.every(({ lost, isUpgraded }) => lost || isUpgraded);
    const isDone = (): boolean =>
      this.#open === 0 && isEven() && isIdle() && isUpgraded() && this.#obstacles().length === 0;
    const inMs = LIVENESS_MS + EACH_MS * this.#open;
    this.#until(forMs + inMs, isDone);
    if (isDone()) return;
    const slots = this.#processes.map(({ id, slotOut }) => `${id} at ${slotOut}`);
    throw new BrokenInvariant(
      'liveness',
      `${inMs} ms after the last fault ${this.#open} operations are open; ${slots.join(', ')}; ` +
        `the operator is ${isIdle() ? 'idle' : 'busy'}` +
        (isUpgraded() ? '' : ', and the newest version of the machine is not in force') +
        `; alarms: ${this.#obstacles().join(', ') || 'none'}`,
    );
  }

  /** A voter is lost for good, and the operator has left: nobody replaces it. */
  #lacksVoter(): boolean {
    if (this.#plan.healing !== 'core') return false;
    const voters = this.#processes.flatMap(({ hasRoles, known }) =>
      hasRoles ? known.newest.voters : [],
    );
    return this.#processes.some(({ id, lost }) => lost && voters.includes(id));
  }

  #until(time: number, isDone = (): boolean => false): void {
    while (this.#scheduler.now < time && !isDone()) {
      if (!this.#scheduler.next()) return;
      this.#steps += 1;
    }
  }

  /** Operations of clients without an answer. */
  get #open(): number {
    return this.#clients.reduce((sum, { open }) => sum + open, 0);
  }

  #heal(): void {
    this.#broken = this.#plan.healing === 'core' ? this.#spare() : [];
    this.#network.calm();
    for (const process of this.#processes) {
      if (!this.#broken.includes(process)) process.heal();
    }
    for (const [i, process] of this.#broken.entries()) {
      const breaks = [
        () => process.kill(1),
        () => this.#network.silence(process.id),
        () => process.stallDisk(),
      ];
      breaks[(this.#plan.seed + i) % breaks.length]?.();
    }
  }

  /** As many voters as all configurations in force can do without, beside the lost ones. */
  #spare(): readonly SimulatedProcess[] {
    const running = this.#processes.filter((process) => process.hasRoles);
    if (running.some(({ leading, settled }) => leading !== undefined && !settled)) return [];
    if (this.#isChanging) return [];
    // Who is no member yet, or has an older disk again, knows of a configuration that may rule
    // nothing any more.
    const members = running.filter(
      (each) => !each.endangered && each.known.members.includes(each.id),
    );
    const rulings = members.flatMap(({ known, slotOut }) => known.votersFrom(slotOut));
    if (rulings.length === 0) return []; // All are down: nobody says who is needed.
    const isWell = ({ lost, endangered }: SimulatedProcess): boolean => !lost && !endangered;
    const byHealth = this.#processes
      .filter(({ lost }) => !lost)
      .sort((a, b) => Number(isWell(a)) - Number(isWell(b)));
    const spare = this.#processes.filter(({ lost }) => lost);
    for (const process of byHealth) {
      const without = [...spare, process].map(({ id }) => id);
      const areQuorums = rulings.every(
        (voters) => voters.filter((voter) => without.includes(voter)).length < voters.length / 2,
      );
      if (areQuorums) spare.push(process);
    }
    return spare.filter(isWell);
  }

  #isEven(): boolean {
    return new Set(this.#meant().map(({ slotOut }) => slotOut)).size === 1;
  }

  /** An alarm goes away by itself, when its cause has. */
  #obstacles(): readonly string[] {
    if (this.#isTampered) return [];
    return this.#meant().flatMap(({ id, obstacles }) => obstacles.map((code) => `${id} ${code}`));
  }

  /** Those that are to be well in the end. */
  #meant(): SimulatedProcess[] {
    return this.#processes.filter(({ lost }) => !lost).filter((it) => !this.#broken.includes(it));
  }

  #history(): Operation[] {
    return this.#clients.flatMap(({ history }) => history);
  }

  #checkHistory(): void {
    for (const process of this.#processes) this.#keepTexts(process);
    const history = this.#history();
    const isRight =
      this.#plan.machine === 'counter'
        ? areCounterAnswersRight(history)
        : areChatLogAnswersRight(history, this.#texts);
    if (!isRight) throw new BrokenInvariant('linearizable', 'the history is not linearizable');
  }

  /** Keeps the chat log of a member when it is the longest so far. */
  #keepTexts({ applier }: SimulatedProcess): void {
    if (this.#plan.machine !== 'chat-log' || applier === undefined) return;
    const read = encodeChatOperation({ type: 'read', from: 0, limit: 1_000_000 });
    const page = parseChatResult(applier.query(read));
    if (page.type === 'texts' && page.texts.length > this.#texts.length) this.#texts = page.texts;
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
