import fs from 'node:fs';
import type { Alarm } from '../../../contract/src/alarms.ts';

/** As `fs.statfs` has it. */
export type DiskFacts = Pick<fs.StatsFs, 'bsize' | 'blocks' | 'bavail'>;

const LOOK_MS = 1_000;
const SHARE = 0.1;
const AT_MOST_BYTES = 1024 ** 3;
/** It has to be that much more again, so that the alarm does not come and go. */
const MORE = 1.1;

/** Looks how much is free on the disk of a folder: a full disk is an alarm before it is an end. */
export class DiskSpace {
  readonly #folder: string;
  readonly #wanted: number | undefined;
  readonly #read: (folder: string) => Promise<DiskFacts>;
  #free: number | undefined;
  #size: number | undefined;
  #isFull = false;
  /** One look at a time: a disk that hangs would take one thread after another. */
  #isLooking = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param wanted bytes that have to be free; without it a tenth of the disk, and 1 GiB at most
   * @param read what the system says of the disk
   */
  constructor(
    folder: string,
    wanted: number | undefined,
    read: (folder: string) => Promise<DiskFacts> = (path) => fs.promises.statfs(path),
  ) {
    this.#folder = folder;
    this.#wanted = wanted;
    this.#read = read;
  }

  start(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Where the system says nothing, what it said last stays. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const facts = await this.#read(this.#folder).catch(() => undefined);
    this.#isLooking = false;
    if (facts !== undefined) this.#judge(facts);
  }

  #judge({ bsize, blocks, bavail }: DiskFacts): void {
    const free = bavail * bsize;
    const wanted = this.#wanted ?? Math.min(AT_MOST_BYTES, SHARE * blocks * bsize);
    this.#isFull = free < (this.#isFull ? MORE * wanted : wanted);
    this.#free = free;
    this.#size = blocks * bsize;
  }

  /** Bytes that this process may still write; `undefined` while it is not known. */
  get free(): number | undefined {
    return this.#free;
  }

  /** Bytes of the whole disk; `undefined` while it is not known. */
  get size(): number | undefined {
    return this.#size;
  }

  get alarms(): Alarm[] {
    if (!this.#isFull) return [];
    const sentence =
      `The disk of ${this.#folder} is nearly full. Make room, or enlarge it: when it is full, the ` +
      'process ends.';
    return [{ code: 'disk-full', sentence }];
  }
}
