import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { ids } from './state-places.ts';

const STATE = pathToFileURL(path.resolve('dist/node/src/storage/lmdb-state.js')).href;

/** Puts and deletes, small values and large, in transactions of all sizes, until it is killed. */
const WRITER = `
import { openLmdbState } from '${STATE}';
const state = openLmdbState({ folder: process.argv[1], ...${JSON.stringify(ids)} });
const write = (slot) => {
  const count = [3, 30, 300, 1000][slot % 4];
  for (let i = 0; i < count; i += 1) {
    const key = String((slot * 377 + i * 31) % 5000);
    if ((slot + i) % 3 === 0) state.tables.delete('t', key);
    else state.tables.put('t', key, Buffer.alloc(i % 7 === 0 ? (slot * i * 13) % 20000 : i % 200));
  }
  state.cut(slot).write((error) => {
    if (error) throw error;
    console.log(slot);
    write(slot + 1);
  });
};
write(state.flushedSlotOut + 1);`;

/** A process that writes to the state in a folder, one slot a transaction. */
export class StateWriter {
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  #written = '';

  constructor(folder: string, environment: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, ['--input-type=module', '-e', WRITER, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.#process.stdout.on('data', (chunk: Buffer) => (this.#written += String(chunk)));
  }

  /** Lets it write once, and `ms` more, and kills it. @returns the last slot that it wrote */
  async killAfter(ms: number): Promise<number> {
    const closed = once(this.#process, 'close');
    await Promise.race([once(this.#process.stdout, 'data'), closed]);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#process.kill('SIGKILL');
    const [, signal] = (await closed) as [unknown, unknown];
    if (signal !== 'SIGKILL') throw new Error('the writer ended by itself');
    return Number(this.#written.trimEnd().split('\n').at(-1));
  }
}
