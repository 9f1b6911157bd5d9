import { LostFileError, type Look, type LostFile } from '../storage/kept-files.ts';

const LOOK_MS = 1_000;

export interface FileWatchEvents {
  /** A file is not in its place: told once, and then nobody looks any more. */
  lost(error: LostFileError): void;
  /** The system does not say how a file is; told again only once it has said so meanwhile. */
  unsure(cause: unknown): void;
}

/**
 * Looks, once a second, whether what a member works on is still where its next process would find
 * it. What is found once may be a moment of a file system that is just being mounted, or of a
 * server of files that restarts: only what is found twice in a row is so.
 */
export class FileWatch {
  readonly #look: () => Promise<Look>;
  readonly #events: FileWatchEvents;
  /** What the last look did not find in its place. */
  #suspect: LostFile | undefined;
  #isUnsure = false;
  /** One look at a time: a disk that hangs would take one thread after another. */
  #isLooking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(look: () => Promise<Look>, events: FileWatchEvents) {
    this.#look = look;
    this.#events = events;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { lost, unknown } = await this.#look().catch((cause: unknown): Look => ({
      unknown: cause,
    }));
    this.#isLooking = false;
    if (unknown !== undefined && !this.#isUnsure) this.#events.unsure(unknown);
    this.#isUnsure = unknown !== undefined;
    const before = this.#suspect;
    this.#suspect = lost;
    if (lost === undefined || lost.file !== before?.file) return;
    this.stop();
    this.#events.lost(new LostFileError(lost));
  }
}
