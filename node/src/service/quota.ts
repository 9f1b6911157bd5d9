import type { Alarm } from '../../../contract/src/alarms.ts';
import { compareBallots, type Ballot } from '../paxos/ballot.ts';

export interface QuotaPorts {
  /** Bytes that the state may take, as this member is set up now. */
  bytes(): number;
  /** Bytes that it takes here. */
  usedBytes(): number;
  /** Whether the log says that it takes too much. */
  isReached(): boolean;
  /** Whether the version of the machine in force has the rule. */
  isRule(): boolean;
  /** To be proposed. */
  decide(isReached: boolean): void;
}

const SHARE_OF_DISK = 0.4;
const AT_MOST_BYTES = 8 * 1024 ** 3;

/**
 * Bytes that a state may take. There may be two of it for a while, when another member's comes.
 *
 * @param wanted as it was set
 * @param disk bytes of the disk, if they are known
 */
export function quotaBytesOf(wanted: number | undefined, disk = Infinity): number {
  // Some file systems say 0, as many do that are served over a network or by a process.
  return wanted ?? Math.min(AT_MOST_BYTES, SHARE_OF_DISK * (disk || Infinity));
}

const LOOK_MS = 100;
/** It is over only when there is some room again, so that it does not come and go. */
const ROOM = 0.9;
const NEAR = 0.8;
const NOT_NEAR = 0.75;

/**
 * Looks what the state takes. Whoever leads has the log say that it takes too much, or no longer:
 * so that every member refuses the same commands. Each member warns before, of its own.
 */
export class Quota {
  readonly #ports: QuotaPorts;
  readonly #lookTicks: number;
  #ticks = 0;
  #isNear = false;
  #ballot: Ballot | undefined;
  /** Proposed, and not applied. */
  #isUnderWay = false;

  /** @param tickMs milliseconds of a tick */
  constructor(ports: QuotaPorts, tickMs: number) {
    this.#ports = ports;
    this.#lookTicks = Math.ceil(LOOK_MS / tickMs);
  }

  /**
   * One tick passed.
   * @param ballot at which this member leads, and has commands decided; `undefined` while it does
   *   not
   */
  tick(ballot: Ballot | undefined): void {
    const isSame = ballot && this.#ballot && compareBallots(ballot, this.#ballot) === 0;
    if (isSame !== true) this.#isUnderWay = false; // What an earlier leadership proposed is void.
    this.#ballot = ballot;
    this.#ticks = (this.#ticks + 1) % this.#lookTicks;
    if (this.#ticks === 0) this.#look();
  }

  #look(): void {
    const ports = this.#ports;
    const isReached = ports.isReached();
    const share = ports.usedBytes() / ports.bytes();
    this.#isNear = share >= (this.#isNear ? NOT_NEAR : NEAR);
    if (this.#ballot === undefined || this.#isUnderWay || !ports.isRule()) return;
    const isTooMuch = share >= (isReached ? ROOM : 1);
    if (isTooMuch === isReached) return;
    this.#isUnderWay = true;
    ports.decide(isTooMuch);
  }

  /** The log has said so. */
  applied(): void {
    this.#isUnderWay = false;
  }

  get alarms(): Alarm[] {
    if (this.#ports.isReached()) return [reached];
    return this.#isNear ? [near] : [];
  }
}

const reached: Alarm = {
  code: 'quota-reached',
  sentence:
    'The state takes more than --quota-bytes: the cluster refuses commands that make it larger. ' +
    'Give all members more. Sessions of clients count, too, are still opened, and end by themselves.',
};

const near: Alarm = {
  code: 'quota-near',
  sentence:
    'The state takes four fifths of --quota-bytes. Above all of it, the cluster refuses commands ' +
    'that make it larger. Give all members more. Sessions of clients count, too, and end by themselves.',
};
