import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isNativeError } from 'node:util/types';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { SnapshotError } from '../../../contract/src/snapshot-file.ts';
import { InterruptedError } from './interrupted-error.ts';
import { placeSnapshot } from './restore.ts';
import { inScratch } from './scratch.ts';
import { UnwritableError } from './unfinished-file.ts';

/** A state of many GiB takes so long. */
const DEADLINE_MS = 45 * 60_000;

/** The program of a throw-away member; the client starts it and never imports it. */
const trialMain = fileURLToPath(new URL('../../../node/src/trial.js', import.meta.url));

export interface TrialOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
  /** Where its folder is made; without it, where the system has such ones. */
  readonly within?: string;
  /** The program; the built one beside this file if it is not named. */
  readonly program?: string;
}

/** The trial itself came to nothing: of the snapshot it says neither good nor bad. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
  readonly exitCode: number;

  constructor(within: string, why: string, exitCode: number) {
    super(
      `Whether a member can begin with it could not be tried in ${within}: ${why} ` +
        'That folder has to have room for twice the snapshot; $TMPDIR names another one.',
    );
    this.exitCode = exitCode;
  }
}

/**
 * Restores a snapshot into a new folder, has a throw-away member begin with it there, and removes
 * the folder, whatever becomes of it.
 * @throws SnapshotError when no member can begin with it; TrialError; InterruptedError
 */
export async function tryRestore(file: string, options: TrialOptions): Promise<void> {
  const { within = tmpdir() } = options;
  const attempt = async (folder: string): Promise<void> => {
    const { hash } = placeSnapshot(file, [folder]);
    const { code, said, why } = await run(folder, within, options);
    if (code === exitCodes.dataRefused) throw refused(why);
    if (code !== exitCodes.ok) throw new TrialError(within, why, code);
    if (said !== hash) throw refused('It has read another one.');
  };
  try {
    await inScratch(attempt, within);
  } catch (error) {
    if (error instanceof UnwritableError) throw new TrialError(within, error.message, exitCodes.io);
    if (!isNativeError(error) || !('syscall' in error)) throw error;
    throw new TrialError(within, `${error.message}.`, exitCodes.io);
  }
}

function refused(why: string): SnapshotError {
  return new SnapshotError(`No member can begin with it: ${why}`);
}

interface Ended {
  readonly code: number;
  readonly said: string;
  /** A sentence, when it did not go well. */
  readonly why: string;
}

function run(folder: string, within: string, options: TrialOptions): Promise<Ended> {
  const { signal, deadlineMs = DEADLINE_MS, program = trialMain } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new InterruptedError('nothing was found out'));
    const child = spawn(process.execPath, [program, folder], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const [said, errors]: [string[], string[]] = [[], []];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    let end: Error | undefined;
    const kill = (why: Error): void => {
      end = why;
      child.kill('SIGKILL'); // What it has is thrown away in any case.
    };
    const late = setTimeout(() => {
      kill(new TrialError(within, `it took more than ${deadlineMs / 1000} s.`, exitCodes.failed));
    }, deadlineMs);
    const interrupted = (): void => kill(new InterruptedError('nothing was found out'));
    signal.addEventListener('abort', interrupted);
    const settle = (settled: () => void): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', interrupted);
      settled();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code) => {
      const last = errors.join('').trim().split('\n').at(-1) ?? '';
      const why = last === '' ? 'its process was killed.' : `${last.replace(/\.$/, '')}.`;
      const ended = { code: code ?? exitCodes.failed, said: said.join(''), why };
      settle(() => (end === undefined ? resolve(ended) : reject(end)));
    });
  });
}
