import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../../host/src/folder.ts';
import {
  encodeFirstConfiguration,
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';

/**
 * The one place in which a cluster of this machine begins. It is created, never updated: of many
 * who create it at once exactly one wins, and who dies meanwhile leaves nothing or the whole file.
 */
export class FirstConfigurationFile {
  readonly path: string;

  /** @param folder of the cluster's members */
  constructor(folder: string) {
    this.path = path.join(folder, 'first-configuration.json');
  }

  /**
   * @returns `undefined` when it was never created
   * @throws Error when it was changed by somebody else
   */
  read(): FirstConfiguration | undefined {
    const text = this.#text();
    if (text === undefined) return undefined;
    // Whoever created it may not have come so far as to make its name durable.
    this.#syncFolder();
    const first = parseFirstConfiguration(text);
    if (first !== undefined) return first;
    throw new Error(
      `${this.path} was changed: its checksum does not match. Each member that was told keeps the ` +
        'same file in its data folder; put a copy back.',
    );
  }

  /** @returns what is in the file then: `first`, or what another one created before */
  create(first: FirstConfiguration): FirstConfiguration {
    const fresh = `${this.path}.${randomUUID()}.new`;
    makeFolder(path.dirname(fresh));
    const handle = fs.openSync(fresh, 'wx');
    try {
      fs.writeFileSync(handle, encodeFirstConfiguration(first));
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    try {
      // A rename would replace what another one created; a link does not.
      fs.linkSync(fresh, this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      fs.rmSync(fresh, { force: true });
    }
    return this.read() ?? this.create(first);
  }

  #text(): string | undefined {
    try {
      return fs.readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #syncFolder(): void {
    const handle = fs.openSync(path.dirname(this.path), 'r');
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  }
}
