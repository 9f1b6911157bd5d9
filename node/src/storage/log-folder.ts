/** A result of asynchronous work: an error, or none. */
export type Done = (error?: Error) => void;

/**
 * The folder of segment files. Everything before the first append may block; what comes after
 * does not. Implementations: a folder on disk, and one in memory that loses, tears and fails.
 */
export interface LogFolder {
  /** The file names in it. */
  list(): string[];
  /** The bytes of a file. */
  size(name: string): number;
  /** Fills `into` from a file. @returns how many bytes there were: less at its end */
  readNow(name: string, position: number, into: Buffer): number;
  /** Fills a part of a file with zeros, durably. */
  erase(name: string, from: number, to: number): void;
  /**
   * Makes a file with that content, in the place of one that has its name; it returns when that is
   * durable. Whatever ends it, there is all of it or nothing under the name.
   */
  makeNow(name: string, data: Buffer): void;
  /** Writes into a file that is there; it returns when that is durable. */
  writeNow(name: string, position: number, data: Buffer): void;
  /** Removes a file, durably. */
  remove(name: string): void;
  /** Removes a file while the log is at work; done when that is durable. */
  removeLater(name: string, done: Done): void;
  /** Makes a file of `size` zero bytes that begins with `head`; done when it is durable. */
  create(name: string, size: number, head: Buffer, done: Done): void;
  /** Writes into a file; done when it is durable. */
  write(name: string, position: number, data: Buffer, done: Done): void;
  /** Reads a part of a file: less at its end. */
  readAt(
    name: string,
    position: number,
    bytes: number,
    done: (error: Error | undefined, data: Buffer) => void,
  ): void;
  close(): void;
}
