import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Operation } from './history.ts';

export interface Judged {
  /** `Unknown`: the time was over. */
  readonly verdict: 'Ok' | 'Illegal' | 'Unknown';
  /** Of an illegal history that is to be explained: the operation whose return nothing explains. */
  readonly operation?: number;
}

/** Of each history. */
interface JudgeOptions {
  readonly deadlineSeconds?: number;
  readonly explain?: boolean;
}

/** Without Go there is no Porcupine. */
export const hasGo = (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
  return fs.existsSync(path.join(folder, 'go'));
});

const BUILD_DEADLINE_MS = 120_000;

/** The checker of linearizability that others use; the program is in porcupine/. */
export class Porcupine {
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'porcupine-'));
  readonly #program = path.join(this.#folder, 'porcupine');

  /** Builds it; `remove` takes it away. */
  constructor() {
    const cwd = path.join(import.meta.dirname, 'porcupine');
    const options = { cwd, timeout: BUILD_DEADLINE_MS };
    execFileSync('go', ['build', '-o', this.#program, '.'], options);
  }

  async judge(
    model: 'register' | 'chat-log',
    histories: readonly (readonly Operation[])[],
    { deadlineSeconds = 60, explain = false }: JudgeOptions = {},
  ): Promise<Judged[]> {
    const lines = histories.map((operations) => `${JSON.stringify({ model, operations })}\n`);
    const args = [`-deadline=${deadlineSeconds}s`, `-explain=${explain}`];
    const answers = await new Promise<string>((resolve, reject) => {
      const options = { maxBuffer: Infinity };
      const child = execFile(this.#program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`porcupine failed: ${stderr}`, { cause: error }));
      });
      child.stdin?.on('error', () => undefined); // It may end before it has read everything.
      child.stdin?.end(lines.join(''));
    });
    return answers
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Judged);
  }

  remove(): void {
    fs.rmSync(this.#folder, { recursive: true });
  }
}
