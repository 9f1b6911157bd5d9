import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Without a line for so long it hangs. */
const DEADLINE_MS = 30_000;

export interface Lines {
  readonly lines: readonly string[];
  /** How it ended, if not in order: `hanging`, `signal …`, or `failed …`. */
  readonly end: string | undefined;
}

/** Runs Node until it ends. @returns the lines that it printed */
export async function linesOf(args: readonly string[]): Promise<Lines> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + String(chunk).replaceAll('\n', ' ')).slice(-1_000);
  });
  const lines: string[] = [];
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    deadline.refresh();
  }
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  if (code === 0) return { lines, end: undefined };
  if (signal === 'SIGKILL') return { lines, end: 'hanging' };
  return { lines, end: signal === null ? `failed ${complaint}` : `signal ${signal} ${complaint}` };
}
