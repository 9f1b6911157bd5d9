import fs from 'node:fs';
import path from 'node:path';
import type { Workspace } from '../local/workspace.ts';

/** One line of what a node logs. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly message: string;
  readonly port: number | undefined;
}

/** The lines that a member of a local cluster has logged so far. */
export function nodeLog(workspace: Workspace, cluster: string, name: string): LogLine[] {
  const file = path.join(workspace.dataOf(cluster), `${name}.log`);
  return fs.readFileSync(file, 'utf8').split('\n').flatMap(parseLogLine);
}

/** @returns nothing for what is no whole line of a node's log */
export function parseLogLine(text: string): LogLine[] {
  try {
    const { time, msg, port } = JSON.parse(text) as Record<string, unknown>;
    if (typeof time !== 'string' || typeof msg !== 'string') return [];
    const known = typeof port === 'number' ? port : undefined;
    return [{ time: Date.parse(time), message: msg, port: known }];
  } catch {
    return []; // It is being written.
  }
}
