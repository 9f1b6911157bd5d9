import {
  encodeChatOperation,
  parseChatResult,
  type ChatOperation,
} from '../../contract/src/chat-log.ts';
import { encodeCommand } from '../../contract/src/command.ts';
import { encodeCounterOperation, parseCounterResult } from '../../contract/src/counter.ts';
import type { Outcome } from '../../contract/src/reply.ts';
import type { Operation } from './history.ts';
import type { LogInput, LogOutput, RegisterInput } from './models.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const IN_FLIGHT_AT_MOST = 3;
const SILENCE_MS = 300;
const REGISTERS = ['a', 'b', 'c'];

export type RegisterOperation = Operation<RegisterInput & { register: string }, number>;
export type LogOperation = Operation<LogInput, LogOutput>;

export interface ClientWorld {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly processes: readonly SimulatedProcess[];
  /** Told of each answer as it leaves a member: for the checks. */
  readonly acknowledged: (client: string, slot: number) => void;
}

/** An operation under way. */
interface Open {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly operation: Operation;
  readonly parse: (result: Uint8Array) => unknown;
}

/**
 * A client with a few operations under way at a time. It sends them again after silence, with their
 * numbers, to the leader or to anybody, and now and then to several at once.
 */
export class SimulatedClient {
  readonly history: Operation[] = [];
  readonly #name: string;
  readonly #id: string;
  readonly #world: ClientWorld;
  readonly #random: Random;
  readonly #open = new Map<number, Open>();
  #lastNumber = 0;

  constructor(index: number, world: ClientWorld, random: Random) {
    this.#name = `c${index}`;
    this.#id = index.toString(16).padStart(32, '0');
    this.#world = world;
    this.#random = random;
    for (let i = 0; i < world.plan.operations; i++) {
      world.scheduler.after(random.between(0, world.plan.forMs), () => this.#begin());
    }
  }

  /** How many operations have no answer. */
  get open(): number {
    return this.#open.size;
  }

  #begin(): void {
    if (this.#open.size >= IN_FLIGHT_AT_MOST) {
      return this.#world.scheduler.after(this.#random.between(1, 200), () => this.#begin());
    }
    this.#lastNumber += 1;
    const { bytes, input, parse } = this.#operation();
    const calledAt = this.#world.scheduler.now;
    const operation: Operation = { client: this.#name, input, calledAt };
    this.history.push(operation);
    const open = { number: this.#lastNumber, bytes, operation, parse };
    this.#open.set(open.number, open);
    this.#send(open);
  }

  #operation(): { bytes: Uint8Array; input: unknown; parse: Open['parse'] } {
    const isRead = this.#random.chance(0.25);
    if (this.#world.plan.machine === 'counter') {
      const register = this.#random.pick(REGISTERS);
      const bytes = encodeCounterOperation(
        isRead ? { type: 'read', register } : { type: 'add', register, delta: 1 },
      );
      const input = { type: isRead ? 'read' : 'add', register };
      return { bytes, input, parse: (result) => parseCounterResult(result)?.value };
    }
    const known = this.#random.chance(0.1) ? this.#random.below(this.#lastNumber) : undefined;
    const text = `${this.#name}.${known ?? this.#lastNumber}`;
    const operation: ChatOperation = isRead
      ? { type: 'read', from: 0, limit: 10_000 }
      : { type: 'append', text };
    const input = isRead ? { type: 'read' } : { type: 'append', text };
    return { bytes: encodeChatOperation(operation), input, parse: parseChatResult };
  }

  #send(open: Open): void {
    const { number, bytes } = open;
    if (!this.#open.has(number)) return;
    const [lowest = number] = this.#open.keys();
    const command = encodeCommand({ client: this.#id, number, lowest, operations: [bytes] });
    const receivers = this.#random.chance(0.05) ? 2 : 1;
    for (let i = 0; i < receivers; i++) this.#sendTo(this.#receiver(), open, command);
    const silence = SILENCE_MS * this.#random.between(0.5, 3);
    this.#world.scheduler.after(silence, () => this.#send(open));
  }

  /** The leader mostly, as with subject interest; or anybody. */
  #receiver(): SimulatedProcess {
    const { processes } = this.#world;
    const leading = processes.filter(({ leading }) => leading !== undefined);
    if (leading.length === 0 || this.#random.chance(0.1)) return this.#random.pick(processes);
    return this.#random.pick(leading);
  }

  #sendTo(process: SimulatedProcess, open: Open, command: Uint8Array): void {
    const { network } = this.#world;
    network.carry(this.#name, process.id, () => {
      process.submit(command, (outcome) => {
        if (outcome.ok) this.#world.acknowledged(this.#name, outcome.slot);
        network.carry(process.id, this.#name, () => this.#answered(open, outcome));
      });
    });
  }

  #answered(open: Open, outcome: Outcome): void {
    if (!outcome.ok || !this.#open.delete(open.number)) return;
    const [result] = outcome.results;
    open.operation.returnedAt = this.#world.scheduler.now;
    open.operation.output = result && open.parse(result);
  }
}
