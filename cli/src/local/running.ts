import { readFileSync } from 'node:fs';

/** A process that can be told from a later one with the same id. */
export interface ProcessId {
  readonly pid: number;
  /** Its start time as the system counts it; '' where the system does not say. */
  readonly start: string;
}

/** When the process was started; '' when it is gone, or where the system does not say. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? '' : (rest[18] ?? '');
  } catch {
    return '';
  }
}

export function isRunning({ pid, start }: ProcessId): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' || startOf(pid) === start;
}

/** Ends a process: kindly, and after `kindMs` by force. @returns once it is gone */
export async function end(id: ProcessId, kindMs: number): Promise<void> {
  const begin = performance.now();
  let signal: NodeJS.Signals = kindMs > 0 ? 'SIGTERM' : 'SIGKILL';
  kill(id, signal);
  while (isRunning(id)) {
    if (signal === 'SIGTERM' && performance.now() - begin > kindMs) {
      signal = 'SIGKILL';
      kill(id, signal);
    }
    if (performance.now() - begin > kindMs + 10_000) {
      throw new Error(`Process ${id.pid} does not end. Look at it by hand.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function kill(id: ProcessId, signal: NodeJS.Signals): void {
  try {
    if (isRunning(id)) process.kill(id.pid, signal);
  } catch {
    // It has just ended.
  }
}
