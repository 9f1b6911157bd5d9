import fs from 'node:fs';
import {
  SnapshotError,
  verifySnapshot,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import { refuseOther, type SnapshotPlace } from './place.ts';

/** A snapshot in a file. */
export class FilePlace implements SnapshotPlace {
  readonly address: string;

  constructor(file: string) {
    this.address = file;
  }

  /** `work` gives it its name when it is whole. */
  async save(work: (file: string) => Promise<Snapshot>): Promise<Snapshot> {
    const saved = await work(this.address);
    refuseOther(await this.verify(), saved);
    return saved;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a throw is a rejection
  async verify(): Promise<Snapshot> {
    return verifySnapshot(this.address);
  }

  /** It may be read twice, which a pipe cannot. */
  async use<T>(work: (file: string) => T | Promise<T>): Promise<T> {
    if (!fs.statSync(this.address).isFile()) {
      throw new SnapshotError('It is no file. Copy what it has into one.');
    }
    return work(this.address);
  }
}
