import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { SnapshotHeader } from '../../../contract/src/snapshot-file.ts';
import {
  encodeSnapshotAnswer,
  parseSnapshotRequest,
  type SnapshotAnswer,
  type SnapshotPart,
  type SnapshotRequest,
} from '../../../contract/src/snapshot.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from '../storage/damage.ts';
import { SnapshotBytes } from '../storage/snapshot-bytes.ts';
import type { StateSnapshot, StateStore } from '../storage/state.ts';
import type { Driver } from './driver.ts';

/** Without a request a snapshot is closed: what is overwritten meanwhile stays on disk for it. */
const IDLE_MS = 10_000;
/** It is closed then in any case. */
const LIFE_MS = 600_000;
/** So long it may take until the state on disk has what was read; a cut takes a quarter second. */
const FLUSH_MS = 5_000;
/** Read within a few milliseconds. */
const PART_BYTES = 256 * 1024;

export interface SnapshotGiverPorts {
  /** `undefined` while there is none that may be given. */
  state(): StateStore | undefined;
  /** `undefined` while the member has no roles. */
  driver(): Pick<Driver, 'read' | 'member' | 'until'> | undefined;
  about(): Omit<SnapshotHeader, 'machine' | 'slot' | 'digests'>;
  /** What a message has room for. */
  chunkBytes(): number;
  /** By how many bytes the state's file may grow while a snapshot is given. */
  mayGrowBytes(): number;
  failed(error: DamageError): void;
}

interface Giving {
  readonly id: string;
  readonly snapshot: StateSnapshot;
  readonly bytes: SnapshotBytes;
  /** Of the state's file, at its beginning. */
  readonly fileBytes: number;
  readonly hash: ReturnType<typeof createHash>;
  readonly end: NodeJS.Timeout;
  idle: NodeJS.Timeout | undefined;
  /** Given last: it may have been lost. */
  last: SnapshotPart | undefined;
}

/**
 * Gives snapshots of this member's state, as it is on disk: one at a time, part after part, each on
 * request, while the member goes on.
 */
export class SnapshotGiver {
  readonly #ports: SnapshotGiverPorts;
  #giving: Giving | undefined;
  /** The id of the snapshot that is about to begin. */
  #beginning: string | undefined;

  constructor(ports: SnapshotGiverPorts) {
    this.#ports = ports;
  }

  /** @returns what is to be sent */
  async answer(text: string): Promise<Uint8Array> {
    const request = parseSnapshotRequest(text);
    const answer = request === undefined ? refusal('MALFORMED') : await this.#answer(request);
    return encodeSnapshotAnswer(answer);
  }

  async #answer(request: SnapshotRequest): Promise<SnapshotAnswer> {
    if (request.at === 0 && this.#giving?.id !== request.id) {
      const code = await this.#begin(request);
      if (code !== undefined) return refusal(code);
    }
    const giving = this.#giving;
    if (giving?.id !== request.id) return refusal('SNAPSHOT_GONE');
    if (this.#costsTooMuch(giving)) {
      this.stop();
      return refusal('SNAPSHOT_GONE');
    }
    this.#touch(giving);
    const { at = -1, isLast = false } = giving.last ?? {};
    try {
      if (request.at === at + 1 && !isLast) giving.last = this.#next(giving, request.at);
    } catch (error) {
      this.stop();
      if (error instanceof RangeError) return refusal('ANSWER_TOO_LARGE'); // No file may have it.
      return this.#damaged(error);
    }
    const part = giving.last;
    return part?.at === request.at ? { ok: true, part } : refusal('SNAPSHOT_GONE');
  }

  /** @returns why there is none */
  async #begin({ id, local }: SnapshotRequest): Promise<ErrorCode | undefined> {
    const isUnderWay = this.#giving !== undefined && this.#giving.last?.isLast !== true;
    if (isUnderWay || this.#beginning !== undefined) return 'SNAPSHOT_BUSY';
    this.stop();
    this.#beginning = id;
    try {
      const code = local ? undefined : await this.#flushed();
      if (code !== undefined) return code;
      const state = this.#ports.state();
      if (state === undefined) return 'NOT_SERVING';
      this.#open(id, state);
      return undefined;
    } catch (error) {
      const answer = this.#damaged(error);
      return answer.ok ? undefined : answer.code;
    } finally {
      this.#beginning = undefined;
    }
  }

  #open(id: string, state: StateStore): void {
    const snapshot = state.snapshot();
    const end = setTimeout(() => this.stop(), LIFE_MS).unref();
    const bytes = new SnapshotBytes(snapshot, this.#ports.about());
    const hash = createHash('sha256');
    const fileBytes = state.bytes;
    this.#giving = { id, snapshot, bytes, fileBytes, hash, end, idle: undefined, last: undefined };
  }

  /** What was overwritten since it began takes room that no quota counts. */
  #costsTooMuch({ fileBytes, last }: Giving): boolean {
    if (last?.isLast === true) return false; // It is closed already.
    const { bytes = 0 } = this.#ports.state() ?? {};
    return bytes - fileBytes > this.#ports.mayGrowBytes();
  }

  #touch(giving: Giving): void {
    clearTimeout(giving.idle);
    giving.idle = setTimeout(() => this.stop(), IDLE_MS).unref();
  }

  /**
   * Waits until the state on disk has all that was answered to anybody by now.
   * @returns why it has not
   */
  async #flushed(): Promise<ErrorCode | undefined> {
    const slots = await this.#readable();
    if (typeof slots === 'string') return slots;
    const isFlushed = (): boolean => (this.#ports.state()?.flushedSlotOut ?? 0) >= slots;
    await this.#ports.driver()?.until(isFlushed, FLUSH_MS);
    return isFlushed() ? undefined : 'NOT_SERVING';
  }

  /** @returns how many slots a linearizable read sees, or why there is none */
  #readable(): Promise<Slot | ErrorCode> {
    const driver = this.#ports.driver();
    if (driver === undefined) return Promise.resolve('NOT_SERVING');
    return new Promise((resolve) => {
      const read = { number: 0, consistency: 'linearizable', operations: [] } as const;
      driver.read(read, (outcome: Outcome) => {
        resolve(outcome.ok ? driver.member.slotOut : outcome.code);
      });
    });
  }

  #next({ snapshot, bytes, hash }: Giving, at: number): SnapshotPart {
    const read = bytes.read(Math.min(PART_BYTES, this.#ports.chunkBytes()));
    const digest = hash.update(read).copy().digest('hex');
    const { entries, of, isOver: isLast } = bytes;
    if (isLast) snapshot.close();
    return { at, bytes: read, digest, isLast, entries, of };
  }

  /** What is damaged is given to nobody. */
  #damaged(error: unknown): SnapshotAnswer {
    if (!(error instanceof DamageError)) throw error;
    this.#ports.failed(error);
    return refusal('DAMAGED');
  }

  /** The state is about to be closed, or the snapshot is not wanted any more. */
  stop(): void {
    const giving = this.#giving;
    this.#giving = undefined;
    if (giving === undefined) return;
    clearTimeout(giving.end);
    clearTimeout(giving.idle);
    if (giving.last?.isLast !== true) giving.snapshot.close();
  }
}

function refusal(code: ErrorCode): SnapshotAnswer & { readonly ok: false } {
  return { ok: false, code };
}
