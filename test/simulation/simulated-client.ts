import { encodeChatOperation, parseChatResult } from '../../machines/src/chat-log/operations.ts';
import { encodeCommand, MIN_TTL_MS, type SessionUse } from '../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../machines/src/counter/operations.ts';
import type { Outcome } from '../../contract/src/reply.ts';
import type { Operation } from './checks/history.ts';
import { BrokenInvariant } from './checks/invariants.ts';
import type { LogInput, LogOutput } from '../../machines/src/chat-log/model.ts';
import type { RegisterInput } from '../../machines/src/counter/model.ts';
import type { Plan, Request } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const IN_FLIGHT_AT_MOST = 3;
const SILENCE_MS = 300;
/** No command's number comes so far. */
const SESSIONS_FROM = 2 ** 46;
const NAP_EVERY_MS = 10_000;
/** The longest time that a copy of a command is on its way: longer than any session lives. */
const LATE_MS = 8_000;

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
  /** It runs in that session, or in none. */
  session: number | undefined;
  /** How many copies of it were sent, in that session. */
  sends: number;
  /** The cluster said that it has not run, and never will. */
  isRefused: boolean;
}

/** One operation of a command. */
interface Part {
  readonly bytes: Uint8Array;
  readonly operation: Operation;
  readonly parse: (result: Uint8Array) => unknown;
}

/**
 * A client with a few operations under way at a time. It sends them again after silence, with their
 * numbers, to the leader or to anybody, now and then to several at once. With sessions it sends
 * copies much later, too, and naps, so that they end; what was sent once, and refused for that, is
 * sent in another session; of what was sent more often it never knows.
 */
export class SimulatedClient {
  history: Operation[] = [];
  /** Sessions that ended before it was done with them. */
  expired = 0;
  /** How many of its commands were refused for good. */
  refused = 0;
  readonly #name: string;
  readonly #id: string;
  readonly #world: ClientWorld;
  readonly #random: Random;
  readonly #open = new Map<number, Open>();
  readonly #hasSessions: boolean;
  readonly #ttlMs: number;
  /** In the last so many ms of every `NAP_EVERY_MS` it sends nothing, while there are faults. */
  readonly #napMs: number;
  readonly #napsUntil: number;
  #session: number | undefined;
  #lastOpening = SESSIONS_FROM;
  #lastNumber = 0;
  #unbegun: number;

  constructor(
    index: number,
    { requests, sessions, forMs }: Pick<Plan, 'requests' | 'sessions' | 'forMs'>,
    world: ClientWorld,
    random: Random,
  ) {
    this.#name = `c${index}`;
    this.#id = index.toString(16).padStart(32, '0');
    this.#world = world;
    this.#random = random;
    const own = requests.filter(({ client }) => client === index);
    this.#unbegun = own.length;
    this.#hasSessions = sessions;
    this.#ttlMs = sessions ? Math.round(random.between(MIN_TTL_MS, 3 * MIN_TTL_MS)) : 0;
    const naps = sessions && random.chance(0.5);
    this.#napMs = naps ? random.between(0, NAP_EVERY_MS / 2) : 0;
    this.#napsUntil = forMs;
    for (const request of own) {
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
    const open = {
      number,
      isRead: asked.every(({ type }) => type === 'read'),
      parts,
      session: undefined,
      sends: 0,
      isRefused: false,
    };
    this.#open.set(number, open);
    this.#send(open);
  }

  #send(open: Open): void {
    if (!this.#open.has(open.number)) return;
    if (!this.#naps) this.#ask(open);
    const silence = SILENCE_MS * this.#random.between(0.5, 3);
    this.#world.scheduler.after(silence, () => this.#send(open));
  }

  get #naps(): boolean {
    const { now } = this.#world.scheduler;
    return now < this.#napsUntil && now % NAP_EVERY_MS >= NAP_EVERY_MS - this.#napMs;
  }

  #ask(open: Open): void {
    const { parts } = open;
    const operations = parts.map(({ bytes }) => bytes);
    const receivers = this.#random.chance(0.05) ? 2 : 1;
    for (let i = 0; i < receivers; i++) {
      if (open.isRead) this.#readAt(this.#reader(), open, operations);
      else this.#command(open, operations);
    }
  }

  #command(open: Open, operations: readonly Uint8Array[]): void {
    const { number } = open;
    const commands = [...this.#open.values()].filter(({ isRead }) => !isRead);
    const lowest = commands[0]?.number ?? number;
    const command = { client: this.#id, number, lowest, operations };
    if (!this.#hasSessions) {
      const answered = (outcome: Outcome): void => this.#answered(open, outcome);
      return void this.#sendTo(this.#receiver(), number, encodeCommand(command), answered);
    }
    open.session ??= this.#session;
    if (open.session === undefined) return this.#openSession();
    const session = { type: 'in', id: open.session } as const;
    const bytes = encodeCommand({ ...command, session });
    const send = (): number =>
      this.#sendTo(this.#receiver(), number, bytes, (outcome) => {
        this.#answeredIn(session, open, outcome);
      });
    open.sends += send();
    if (!this.#random.chance(0.05)) return;
    open.sends += 1;
    this.#world.scheduler.after(this.#random.between(0, LATE_MS), send);
  }

  #openSession(): void {
    this.#lastOpening += 1;
    const number = this.#lastOpening;
    const session = { type: 'open', ttlMs: this.#ttlMs } as const;
    const header = { client: this.#id, number, lowest: number, operations: [] };
    const bytes = encodeCommand({ ...header, session });
    if (this.#random.chance(0.2)) {
      // A copy that comes late opens a session that nobody knows of.
      const late = (): number => this.#sendTo(this.#receiver(), number, bytes, () => undefined);
      this.#world.scheduler.after(this.#random.between(0, LATE_MS), late);
    }
    this.#sendTo(this.#receiver(), number, bytes, (outcome) => {
      if (!outcome.ok || number !== this.#lastOpening || this.#session !== undefined) return;
      this.#session = outcome.slot;
      for (const open of this.#open.values()) {
        if (!open.isRead && open.session === undefined) this.#ask(open);
      }
    });
  }

  /** It has nothing to do, and leaves nothing. */
  #close(id: number): void {
    this.#session = undefined;
    this.#lastOpening += 1;
    const number = this.#lastOpening;
    const header = { client: this.#id, number, lowest: number, operations: [] };
    const bytes = encodeCommand({ ...header, session: { type: 'close', id } });
    this.#sendTo(this.#receiver(), number, bytes, () => undefined);
  }

  #answeredIn({ id }: SessionUse & { type: 'in' }, open: Open, outcome: Outcome): void {
    const isOver = !outcome.ok && outcome.code === 'SESSION_EXPIRED';
    if (!isOver) {
      this.#answered(open, outcome);
      const isIdle = this.#open.size === 0 && this.#session === id;
      if (isIdle && this.#random.chance(0.1)) this.#close(id);
      return;
    }
    if (this.#session === id) {
      this.#session = undefined;
      this.expired += 1;
    }
    if (open.session !== id || !this.#open.has(open.number)) return;
    if (open.sends > 1) return void this.#open.delete(open.number);
    open.session = undefined;
    open.sends = 0;
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

  /** @returns how many copies of it are on their way */
  #sendTo(
    process: SimulatedProcess,
    number: number,
    command: Uint8Array,
    answered: (outcome: Outcome) => void,
  ): number {
    const { network, called } = this.#world;
    const arrivesAt = network.carry(this.#name, process.id, () => {
      process.submit(command, (outcome) => {
        if (outcome.ok) this.#world.acknowledged(this.#name, outcome.slot);
        const label = outcome.ok ? `answer ${number}: slot ${outcome.slot}` : outcome.code;
        const back = network.carry(process.id, this.#name, () => answered(outcome));
        called(process.id, this.#name, label, back);
      });
    });
    called(this.#name, process.id, `request ${number}`, arrivesAt);
    return Math.max(arrivesAt.length, 1);
  }

  /** It counts for nothing: should it run all the same, that shows in what others are answered. */
  #refused(open: Open): void {
    if (!this.#open.delete(open.number)) return;
    open.isRefused = true;
    this.refused += 1;
    const refused = open.parts.map(({ operation }) => operation);
    this.history = this.history.filter((operation) => !refused.includes(operation));
  }

  #answered(open: Open, outcome: Outcome): void {
    if (!outcome.ok) return outcome.code === 'QUOTA_EXCEEDED' ? this.#refused(open) : undefined;
    if (open.isRefused) throw new BrokenInvariant('quota', `${open.number} was refused, and ran`);
    if (!this.#open.delete(open.number)) return;
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
