import { LARGEST_ANSWER, type Outcome } from '../../../contract/src/reply.ts';
import type { ReadRequest } from '../../../contract/src/read-request.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { DriverPorts, DriverSettings } from './driver-ports.ts';

type Ports = Pick<DriverPorts, 'applier' | 'metrics' | 'now'> & {
  readonly transport: Pick<DriverPorts['transport'], 'flush' | 'maxFrameBytes'>;
};

export interface ReadsEvents {
  /** Whether nothing is taken any more. */
  isStopped(): boolean;
  /** Reads wait for the members to be asked. */
  came(): void;
  failed(error: unknown): void;
}

/** A read from its arrival to its answer. */
interface Read {
  readonly operations: readonly Uint8Array[];
  readonly bytes: number;
  readonly since: number;
  readonly answer: (outcome: Outcome) => void;
}

/** Reads that wait, at most; each of them holds its request. */
const MOST_READS = 16_384;
/** So much of answers, or so much time, goes by before something else has its turn. */
const SLICE_BYTES = 1024 * 1024;
const SLICE_MS = 5;
/** A read that waits longer means that too few voters answer: another member may do better. */
const PATIENCE_MS = 1_000;
/** So long nobody is sent here then; twice as long each time, until a quorum answers. */
const REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/**
 * The reads of clients at this member. They store nothing, are no part of the log, and wait until
 * the state here has what they must have seen. What waits is bounded, in number and bytes; answers
 * are made in slices, each when the broker has taken those before it.
 */
export class Reads {
  readonly #ports: Ports;
  readonly #settings: Pick<DriverSettings, 'queueBytes'>;
  readonly #events: ReadsEvents;
  /** Linearizable ones, by their numbers; in order. */
  readonly #waiting = new Map<number, Read>();
  /** Those that wait for a slot. */
  readonly #later = new Map<Read, Slot>();
  readonly #ready = new Set<Read>();
  /** What the tables have: the member may have more to be applied by now. */
  #slotOut: Slot;
  #came = 0;
  #asked = 0;
  #bytes = 0;
  #isAnswering = false;
  #restsUntil = 0;
  #restMs = REST_MS;

  /** @param slotOut every slot below it is applied */
  constructor(
    ports: Ports,
    slotOut: Slot,
    settings: Pick<DriverSettings, 'queueBytes'>,
    events: ReadsEvents,
  ) {
    this.#ports = ports;
    this.#slotOut = slotOut;
    this.#settings = settings;
    this.#events = events;
  }

  /** Whether it makes sense to send reads here: a quorum answered lately, as far as is known. */
  get areServed(): boolean {
    return !this.#events.isStopped() && this.#ports.now() >= this.#restsUntil;
  }

  /** @param answer called once */
  submit({ operations, consistency }: ReadRequest, answer: (outcome: Outcome) => void): void {
    const { applier, now } = this.#ports;
    const refuse = (outcome: Outcome & { ok: false }): void => {
      this.#ports.metrics.refused.add(outcome.code);
      answer(outcome);
    };
    if (this.#events.isStopped()) return refuse({ ok: false, code: 'NOT_SERVING' });
    const { machine } = applier;
    const other = operations.find((operation) => !machine.isRead(operation));
    if (other !== undefined) {
      // What writes is not for readers; what does neither may be of another machine.
      const code = machine.grows(other) ? 'NOT_ALLOWED' : 'INVALID_OPERATION';
      return refuse({ ok: false, code });
    }
    const bytes = operations.reduce((sum, { length }) => sum + length, 0);
    const isFull = this.#open >= MOST_READS || this.#bytes + bytes > this.#settings.queueBytes;
    if (isFull) return refuse({ ok: false, code: 'OVERLOADED', retryAfterMs: 100 });
    const read = { operations, bytes, since: now(), answer };
    this.#bytes += bytes;
    if (consistency === 'linearizable') {
      this.#came += 1;
      this.#waiting.set(this.#came, read);
      return this.#events.came();
    }
    const slots = consistency === 'local' ? 0 : consistency.atLeast + 1;
    if (slots > this.#slotOut) return void this.#later.set(read, slots);
    this.#ready.add(read);
    this.#answerReady();
  }

  get #open(): number {
    return this.#waiting.size + this.#later.size + this.#ready.size;
  }

  /** @returns up to which read the members are to be asked now; `undefined` when none is new */
  take(): number | undefined {
    if (this.#asked === this.#came) return undefined;
    this.#asked = this.#came;
    return this.#came;
  }

  /** What is applied now has all that the reads up to that one must have seen. */
  readable(last: number): void {
    this.#restMs = REST_MS;
    this.#restsUntil = 0;
    for (const [number, read] of this.#waiting) {
      if (number > last) break;
      this.#waiting.delete(number);
      this.#ready.add(read);
    }
    this.#answerReady();
  }

  /** Every slot below `slotOut` is applied. */
  applied(slotOut: Slot): void {
    this.#slotOut = slotOut;
    for (const [read, slots] of this.#later) {
      if (slots > slotOut) continue;
      this.#later.delete(read);
      this.#ready.add(read);
    }
    this.#answerReady();
  }

  #answerReady(): void {
    if (!this.#isAnswering && this.#ready.size > 0) this.#answerSlice();
  }

  /** It may be later than when it had to be: what is read then is newer, and as right. */
  #answerSlice(): void {
    const { metrics, now, transport } = this.#ports;
    const begin = now();
    let bytes = 0;
    for (const read of this.#ready) {
      if (bytes >= SLICE_BYTES || now() - begin >= SLICE_MS) break;
      this.#ready.delete(read);
      this.#bytes -= read.bytes;
      if (this.#events.isStopped()) {
        read.answer({ ok: false, code: 'NOT_SERVING' });
        continue;
      }
      bytes += this.#answer(read);
      metrics.counts.reads += 1;
      metrics.histograms.readSeconds.observe((now() - read.since) / 1000);
    }
    this.#isAnswering = this.#ready.size > 0 || bytes >= SLICE_BYTES;
    if (this.#isAnswering) transport.flush(() => this.#answerSlice());
  }

  /** @returns the bytes of its answer */
  #answer({ operations, answer }: Read): number {
    const { applier, transport } = this.#ports;
    const most = Math.max(LARGEST_ANSWER, transport.maxFrameBytes);
    const results: Uint8Array[] = [];
    let bytes = 0;
    try {
      for (const operation of operations) {
        const result = applier.query(operation);
        bytes += result.length;
        if (bytes > most) {
          answer({ ok: false, code: 'ANSWER_TOO_LARGE' });
          return 0;
        }
        results.push(result);
      }
    } catch (error) {
      this.#events.failed(error); // The state is damaged on disk.
      answer({ ok: false, code: 'NOT_SERVING' });
      return 0;
    }
    answer({ ok: true, slot: Math.max(0, this.#slotOut - 1), results });
    return bytes;
  }

  /** One tick passed: who waits for too long is sent to another member. */
  tick(): void {
    const now = this.#ports.now();
    const isLate = ({ since }: Read): boolean => now - since >= PATIENCE_MS;
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && isLate(oldest)) {
      this.#restsUntil = now + this.#restMs;
      this.#restMs = Math.min(2 * this.#restMs, LONGEST_REST_MS);
    }
    for (const [number, read] of this.#waiting) {
      if (!isLate(read)) break;
      this.#waiting.delete(number);
      this.#giveUp(read);
    }
    for (const read of this.#later.keys()) {
      if (!isLate(read)) break;
      this.#later.delete(read);
      this.#giveUp(read);
    }
  }

  /** Nothing is answered any more. */
  stop(): void {
    const open = [...this.#waiting.values(), ...this.#later.keys()];
    this.#waiting.clear();
    this.#later.clear();
    for (const read of open) this.#giveUp(read);
  }

  #giveUp(read: Read): void {
    this.#bytes -= read.bytes;
    this.#ports.metrics.refused.add('NOT_SERVING');
    read.answer({ ok: false, code: 'NOT_SERVING' });
  }
}
