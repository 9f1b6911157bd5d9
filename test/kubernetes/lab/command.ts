import { execFile, spawn } from 'node:child_process';
import { LabError } from './lab-error.ts';

const DEADLINE_MS = 30_000;
const OUTPUT_BYTES = 64 * 1024 * 1024;
const COMPLAINT_BYTES = 2000;

export interface CommandOptions {
  readonly deadlineMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** What it is given on its standard input. */
  readonly input?: string;
}

/** A command ended badly; the message has what it complained of. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number | undefined;

  constructor(line: string, code: number | undefined, complaint: string, cause: Error) {
    super(`${line}: ${complaint.trim().slice(-COMPLAINT_BYTES)}`, { cause });
    this.code = code;
  }
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws CommandError when it fails or its deadline passes, LabError when there is no such program
 */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { deadlineMs = DEADLINE_MS, environment, folder, input = '' } = options;
  return new Promise((resolve, reject) => {
    const settings = {
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES,
      env: { ...process.env, ...environment },
      ...(folder === undefined ? {} : { cwd: folder }),
    } as const;
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === 'ENOENT') return reject(missing(program, folder));
      const complaint = error.killed ? `not done after ${deadlineMs} ms. ${stderr}` : stderr;
      const code = typeof error.code === 'number' ? error.code : undefined;
      const line = [program, ...args].join(' ').slice(0, 200);
      reject(new CommandError(line, code, complaint === '' ? error.message : complaint, error));
    });
    // A program that ends before it read its input has failed for a reason of its own.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** Whether a command ends well. */
export async function succeeds(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<boolean> {
  return run(program, args, options).then(
    () => true,
    () => false,
  );
}

/** Runs a program on this terminal; gives its exit code. */
export function runOnTerminal(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'inherit',
      env: { ...process.env, ...environment },
    });
    child.once('error', () => reject(missing(program, undefined)));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function missing(program: string, folder: string | undefined): LabError {
  const where = folder === undefined ? '' : `, or no folder ${folder}`;
  return new LabError(`There is no program ${program}${where}.`);
}
