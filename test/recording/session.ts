import { performance } from 'node:perf_hooks';
import { synod } from '../journeys/cli-run.ts';

/** A command as somebody types it, and what came of it. */
export interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
  /** Milliseconds until all of it was there. */
  readonly tookMs: number;
}

/** What one does in the second terminal of docs/tutorial.md; `LEADER` is the leader's name. */
const COMMANDS = [
  'status',
  'append "good morning"',
  'leader show',
  'kill LEADER',
  'append "still here"',
  'status',
  'start LEADER',
  'log',
] as const;

/**
 * Runs the commands in a folder in which a cluster runs.
 * @throws Error when one of them fails
 */
export async function session(folder: string): Promise<Shown[]> {
  const shown: Shown[] = [];
  let leader = '';
  for (const command of COMMANDS) {
    const typed = command.replace('LEADER', leader);
    const begin = performance.now();
    const { stdout, stderr, code } = await synod(wordsOf(typed), { cwd: folder });
    // The status of a cluster that lacks a member has an exit code of its own.
    if (code !== 0 && !typed.startsWith('status')) throw new Error(`synod ${typed}: ${stderr}`);
    const lines = stdout.trimEnd().split('\n');
    if (typed === 'leader show') leader = stdout.split(' ')[0] ?? '';
    shown.push({ command: `npx synod ${typed}`, lines, tookMs: performance.now() - begin });
  }
  return shown;
}

function wordsOf(command: string): string[] {
  return (command.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
