import type { Message } from '../../node/src/paxos/messages.ts';
import { seal } from '../../contract/src/envelope.ts';
import { partsOf } from '../../contract/src/parts.ts';
import { formatIncarnation } from '../../node/src/paxos/log-end.ts';
import { parseFrame, WIRE_VERSION, type Frame } from '../../node/src/transport/frame-codec.ts';
import {
  MemoryNetwork,
  type MemoryTransport,
  type MemoryTransportOptions,
  type Seek,
} from '../../node/src/transport/memory.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What became of a frame. */
export interface Carried {
  readonly from: string;
  /** Of whoever sent it, as a text: two processes of one member are two. */
  readonly run: string;
  readonly to: string;
  readonly messages: readonly Message[];
  /** When it arrives, each time it does; nothing when it is lost. */
  readonly arrivesAt: readonly number[];
}

/** What a directed test does to a frame instead of what the plan has drawn. */
export type Tamper = (from: string, to: string, messages: readonly Message[]) => Fate;

/** How a frame travels: not at all, at once, twice; or as the plan has it. */
export type Fate = 'lost' | 'prompt' | 'twice' | 'drawn';

/** Who has an end of the network: it comes to what arrives when it can. */
export interface EndOwner {
  gate(run: () => void): void;
}

/** Where a network hands things over. */
export interface NetworkEnds {
  /** A frame has left a member. */
  readonly carried: (frame: Carried) => void;
  readonly tamper: Tamper | undefined;
}

const USUAL_MS = 3;
/** So long messages are as small as the plan has it; then so long they are not. */
const SMALL_MS = 1_000;
/** A much delayed message comes so late at most; of them, one in five very late. */
const LONG_MS = 400;
const VERY_LONG_MS = 4_000;
/** A rumour is told so often. */
const RUMOUR_MS = 15;
/** Of all frames of a run, so many are kept, drawn evenly, to come once more. */
const KEPT_FRAMES = 200;
const delaysOf = { lost: [], prompt: [1], twice: [1, 1.5] };

/** The broker between the members: it delays, reorders, loses and doubles, as the plan has it. */
export class SimulatedNetwork {
  readonly members: MemoryNetwork;
  messages = 0;
  /** Messages that were a part of a frame. */
  parts = 0;
  /** Frames in which a bit was flipped. */
  garbled = 0;
  readonly #plan: Plan;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #ends: NetworkEnds;
  /** Directed pairs that are cut, and by how many faults. */
  readonly #cuts = new Map<string, number>();
  readonly #silent = new Set<string>();
  readonly #owners = new Map<MemoryTransport, EndOwner>();
  #isFaulty = true;
  #calmUntil = 0;
  #parsed: { data: Uint8Array; frame: Frame } | undefined;
  readonly #kept: { readonly to: string | undefined; readonly data: Uint8Array }[] = [];
  #frames = 0;
  /** Of its own: which frames are kept changes nothing else. */
  readonly #keeping: Random;

  constructor(plan: Plan, scheduler: Scheduler, random: Random, ends: NetworkEnds) {
    this.#plan = plan;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#ends = ends;
    this.#keeping = new Random(plan.seed);
    const seek: Seek = (...question) => this.#seek(...question);
    this.members = new MemoryNetwork((from, end, deliver, data) => {
      const to = end.self;
      if (this.#silent.has(from)) return;
      const { messages, end: stamped } = this.#frameOf(data);
      const fate = ends.tamper?.(from, to, messages) ?? 'drawn';
      const delays = this.#messagesOf(data).map((piece) => {
        const of = fate === 'drawn' ? this.#delays(from, to) : delaysOf[fate];
        this.#carry(of, () => {
          const arriving = this.#garbled(piece);
          this.#owners.get(end)?.gate(() => deliver(arriving));
        });
        return of;
      });
      const run = formatIncarnation(stamped.incarnation);
      ends.carried({ from, run, to, messages, arrivesAt: this.#times(wholeOf(delays)) });
    }, seek);
  }

  /** It says of whomever it cannot reach that it is gone; that may be lost, doubled or late. */
  #seek(...[asker, of, isThere, tellGone]: Parameters<Seek>): void {
    const { self } = asker;
    if ((isThere && !this.#cuts.has(`${self}>${of}`)) || this.#silent.has(self)) return;
    this.#carry(this.#delays(self, self), () => this.#owners.get(asker)?.gate(tellGone));
  }

  /** For so long everybody is told, asked or not, that a member is gone: it need not be true. */
  rumour(of: string, forMs: number): void {
    const until = this.#scheduler.now + forMs;
    const tell = (): void => {
      if (!this.#isFaulty || this.#scheduler.now > until) return;
      for (const [end, owner] of [...this.#owners]) owner.gate(() => end.tellGone(of));
      this.#scheduler.after(RUMOUR_MS, tell);
    };
    tell();
  }

  /** What a message may have now. */
  get maxFrameBytes(): number {
    const isSmall = this.#scheduler.now % (2 * SMALL_MS) < SMALL_MS;
    return isSmall ? this.#plan.messageBytes : Infinity;
  }

  /** A frame, or its parts where it is too large for a message. */
  #messagesOf(data: Uint8Array): readonly Uint8Array[] {
    if (data.length <= this.maxFrameBytes) return [data];
    const parts = partsOf(data, this.maxFrameBytes);
    this.parts += parts.length;
    return parts;
  }

  join(owner: EndOwner, options: MemoryTransportOptions): MemoryTransport {
    const end = this.members.join(options);
    this.#owners.set(end, owner);
    return end;
  }

  leave(end: MemoryTransport): void {
    this.#owners.delete(end);
    this.members.leave(end);
  }

  /** A frame to several members is parsed once. */
  #frameOf(data: Uint8Array): Frame {
    if (this.#parsed?.data === data) return this.#parsed.frame;
    const frame = parseFrame(data);
    if (!('messages' in frame)) throw new Error('a member sent what is no frame');
    this.#parsed = { data, frame };
    this.#keep(frame.to, data);
    return frame;
  }

  #keep(to: string | undefined, data: Uint8Array): void {
    const random = this.#keeping;
    const at = this.#kept.length < KEPT_FRAMES ? this.#kept.length : random.below(this.#frames);
    this.#frames += 1;
    if (at < KEPT_FRAMES) this.#kept[at] = { to, data };
  }

  /**
   * Frames of all that was sent so far, of earlier runs, too, come once more, to whoever runs now
   * under the ids that they were for, and to who sent them.
   */
  replay(): boolean {
    for (const { to, data } of this.#kept) {
      for (const [end, owner] of [...this.#owners]) {
        if (to === undefined || to === end.self) owner.gate(() => end.receive(data));
      }
    }
    return this.#kept.length > 0;
  }

  /**
   * A bit may be flipped on the way to one receiver; or before the frame got its checksum, in what
   * has a checksum of its own: the commands in it, and the bytes of a state.
   */
  #garbled(data: Uint8Array): Uint8Array {
    const random = this.#random;
    if (!random.chance(this.#isFaulty ? this.#plan.garbling : 0)) return data;
    this.garbled += 1;
    const copy = Buffer.from(data);
    const parts = random.chance(0.5) ? checksummed(copy) : [];
    if (parts.length === 0) {
      this.#flip(copy);
      return copy;
    }
    this.#flip(random.pick(parts));
    return seal(copy, WIRE_VERSION);
  }

  #flip(bytes: Uint8Array): void {
    const at = this.#random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
  }

  #times(delays: readonly number[]): number[] {
    return delays.map((delay) => this.#scheduler.now + delay);
  }

  /**
   * Carries something between a client and a member, under the same faults.
   * @returns when it arrives, each time it does
   */
  carry(from: string, to: string, deliver: () => void): number[] {
    const delays = this.#delays(from, to);
    this.#carry(delays, deliver);
    return this.#times(delays);
  }

  #carry(delays: readonly number[], deliver: () => void): void {
    this.messages += 1;
    for (const delay of delays) this.#scheduler.after(delay, deliver);
  }

  #delays(from: string, to: string): number[] {
    if (this.#cuts.has(`${from}>${to}`)) return [];
    const random = this.#random;
    if (!this.#isFaulty || this.#scheduler.now < this.#calmUntil) return [this.#usual()];
    const { loss, duplication, delay } = this.#plan;
    if (random.chance(loss)) return [];
    const late = (): number => random.between(0, random.chance(0.2) ? VERY_LONG_MS : LONG_MS);
    const once = (): number => (random.chance(delay) ? late() : this.#usual());
    return random.chance(duplication) ? [once(), once()] : [once()];
  }

  #usual(): number {
    return this.#random.between(0.05, USUAL_MS);
  }

  /** Nothing passes from one to the other until `heal`. */
  cut(from: string, to: string): void {
    const pair = `${from}>${to}`;
    this.#cuts.set(pair, (this.#cuts.get(pair) ?? 0) + 1);
  }

  heal(from: string, to: string): void {
    const pair = `${from}>${to}`;
    const left = (this.#cuts.get(pair) ?? 0) - 1;
    if (left > 0) this.#cuts.set(pair, left);
    else this.#cuts.delete(pair);
  }

  /** What it sends from now on, until it is heard again, is lost with it. */
  silence(member: string): void {
    this.#silent.add(member);
  }

  hear(member: string): void {
    this.#silent.delete(member);
  }

  /** Whether everybody reaches everybody. */
  get isWhole(): boolean {
    return this.#cuts.size === 0 && this.#silent.size === 0;
  }

  /** For so long nothing is lost, doubled or late. */
  calmFor(ms: number): void {
    this.#calmUntil = this.#scheduler.now + ms;
  }

  /** No more faults; those that are cut off now may stay so. */
  calm(): void {
    this.#isFaulty = false;
    this.#cuts.clear();
  }
}

/** When a frame is whole that travels so: with the last of its parts, if each comes. */
function wholeOf(delays: readonly (readonly number[])[]): readonly number[] {
  const [only = []] = delays;
  if (delays.length === 1) return only;
  const firsts = delays.map((of) => Math.min(Infinity, ...of));
  const last = Math.max(...firsts);
  return last < Infinity ? [last] : [];
}

/** Views of what has a checksum of its own in a frame. */
function checksummed(frame: Uint8Array): readonly Uint8Array[] {
  const parsed = parseFrame(frame);
  if (!('messages' in parsed)) return [];
  const parts = parsed.messages.flatMap((message): readonly Uint8Array[] => {
    if (message.type === 'chunk') return [message.bytes];
    if (message.type === 'p1b') return message.pvalues.flatMap(({ value }) => value);
    if (message.type === 'learned') return message.decisions.flatMap(({ value }) => value);
    return 'value' in message ? (message.value ?? []) : [];
  });
  return parts.filter(({ length }) => length > 0);
}
