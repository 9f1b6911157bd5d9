import { encodeChatOperation, parseChatResult } from '../../contract/src/chat-log.ts';
import { encodeCommand } from '../../contract/src/command.ts';
import { encodeCounterOperation, parseCounterResult } from '../../contract/src/counter.ts';
import type { Outcome } from '../../contract/src/reply.ts';
import type { Operation } from './checks/history.ts';
import type { LogInput, LogOutput, RegisterInput } from './checks/models.ts';
import type { Request } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const IN_FLIGHT_AT_MOST = 3;
const SILENCE_MS = 300;

export type RegisterOperation = Operation<RegisterInput & { register: string }, number>;
export type LogOperation = Operation<LogInput, LogOutput>;

export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly processes: readonly SimulatedProcess[];
  /** Told of each answer as it leaves a member: for the checks. */
  readonly acknowledged: (client: string, slot: number) => void;
  /** Told of each request and answer that travels. */
  readonly called: (from: string, to: string, label: string, arrivesAt: number[]) => void;
}

/** A command under way. */
interface Open {
  readonly number: number;
  /** It changes nothing: any member is asked, and it is in no log. */
  readonly isRead: boolean;
  readonly parts: readonly Part[];
}

/** One operation of a command. */
interface Part {
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
  #unbegun: number;

  constructor(index: number, requests: readonly Request[], world: ClientWorld, random: Random) {
    this.#name = `c${index}`;
    this.#id = index.toString(16).padStart(32, '0');
    this.#world = world;
    this.#random = random;
    this.#unbegun = requests.length;
    for (const request of requests) {
      world.scheduler.after(request.at, () => this.#begin(request));
    }
  }

  /** How many operations have no answer, begun or not. */
  get open(): number {
    return this.#unbegun + this.#open.size;
  }

  #begin(request: Request): void {
    if (this.#open.size >= IN_FLIGHT_AT_MOST) {
      return this.#world.scheduler.after(this.#random.between(1, 200), () => this.#begin(request));
    }
    this.#unbegun -= 1;
    const number = this.#lastNumber + 1;
    const calledAt = this.#world.scheduler.now;
    const parts = [request.operation, ...(request.more ?? [])].map((asked) => {
      const { bytes, input, parse } = requested(asked);
      const operation: Operation = { client: this.#name, input, calledAt };
      this.history.push(operation);
      return { bytes, operation, parse };
    });
    this.#lastNumber += parts.length; // Each operation of a command has a number.
    const asked = [request.operation, ...(request.more ?? [])];
    const open = { number, isRead: asked.every(({ type }) => type === 'read'), parts };
    this.#open.set(number, open);
    this.#send(open);
  }

  #send(open: Open): void {
    const { number, parts } = open;
    if (!this.#open.has(number)) return;
    const operations = parts.map(({ bytes }) => bytes);
    const receivers = this.#random.chance(0.05) ? 2 : 1;
    for (let i = 0; i < receivers; i++) {
      if (open.isRead) this.#readAt(this.#reader(), open, operations);
      else this.#sendTo(this.#receiver(), open, this.#command(number, operations));
    }
    const silence = SILENCE_MS * this.#random.between(0.5, 3);
    this.#world.scheduler.after(silence, () => this.#send(open));
  }

  #command(number: number, operations: readonly Uint8Array[]): Uint8Array {
    const commands = [...this.#open.values()].filter(({ isRead }) => !isRead);
    const lowest = commands[0]?.number ?? number;
    return encodeCommand({ client: this.#id, number, lowest, operations });
  }

  /** Whoever serves reads, as with a queue group; or anybody. */
  #reader(): SimulatedProcess {
    const { processes } = this.#world;
    const serving = processes.filter(({ servesReads }) => servesReads);
    const isLost = serving.length === 0 || this.#random.chance(0.1);
    return this.#random.pick(isLost ? processes : serving);
  }

  #readAt(process: SimulatedProcess, open: Open, operations: readonly Uint8Array[]): void {
    const { network, called } = this.#world;
    const { number } = open;
    const request = { number, consistency: 'linearizable' as const, operations };
    const arrivesAt = network.carry(this.#name, process.id, () => {
      process.read(request, (outcome) => {
        const label = outcome.ok ? `read ${number}: slot ${outcome.slot}` : outcome.code;
        const back = network.carry(process.id, this.#name, () => this.#answered(open, outcome));
        called(process.id, this.#name, label, back);
      });
    });
    called(this.#name, process.id, `read ${number}`, arrivesAt);
  }

  /** The leader mostly, as with subject interest; or anybody. */
  #receiver(): SimulatedProcess {
    const { processes } = this.#world;
    const leading = processes.filter(({ leading }) => leading !== undefined);
    if (leading.length === 0 || this.#random.chance(0.1)) return this.#random.pick(processes);
    return this.#random.pick(leading);
  }

  #sendTo(process: SimulatedProcess, open: Open, command: Uint8Array): void {
    const { network, called } = this.#world;
    const { number } = open;
    const arrivesAt = network.carry(this.#name, process.id, () => {
      process.submit(command, (outcome) => {
        if (outcome.ok) this.#world.acknowledged(this.#name, outcome.slot);
        const label = outcome.ok ? `answer ${number}: slot ${outcome.slot}` : outcome.code;
        const back = network.carry(process.id, this.#name, () => this.#answered(open, outcome));
        called(process.id, this.#name, label, back);
      });
    });
    called(this.#name, process.id, `request ${number}`, arrivesAt);
  }

  #answered(open: Open, outcome: Outcome): void {
    if (!outcome.ok || !this.#open.delete(open.number)) return;
    for (const [i, { operation, parse }] of open.parts.entries()) {
      const result = outcome.results[i];
      operation.returnedAt = this.#world.scheduler.now;
      operation.output = result && parse(result);
    }
  }
}

/** What goes over the wire, what the model is told, and how the result is read. */
function requested(
  asked: Request['operation'],
): Pick<Part, 'bytes' | 'parse'> & { input: unknown } {
  if ('register' in asked) {
    const { type, register } = asked;
    return {
      bytes: encodeCounterOperation(asked),
      input: { type, register },
      parse: (result) => parseCounterResult(result)?.value,
    };
  }
  const input = asked.type === 'read' ? { type: 'read' } : { type: 'append', text: asked.text };
  return { bytes: encodeChatOperation(asked), input, parse: parseChatResult };
}
