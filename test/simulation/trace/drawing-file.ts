import fs from 'node:fs';
import path from 'node:path';
import { PlanFileError } from '../plan-file.ts';
import type { Report } from '../simulation.ts';
import { drawing } from './drawing.ts';
import { page } from './page.ts';
import { Trace, type TraceEvent } from './trace.ts';
import { transcript } from './transcript.ts';

/** Which part of a run is drawn, in simulated milliseconds. */
export interface Section {
  readonly from: number;
  readonly to: number;
}

/**
 * Draws a run into a file; the name's ending says how.
 * @throws PlanFileError for an ending that it does not know
 */
export function drawTo(file: string, trace: Trace, report: Report, section: Section): void {
  fs.writeFileSync(file, drawn(file, partOf(trace, section), report));
}

/** A part of a run; it begins with who leads then, and who is down. */
function partOf({ events }: Trace, { from, to }: Section): Trace {
  const last = new Map<string, TraceEvent>();
  const within: TraceEvent[] = [];
  for (const event of events) {
    if (event.at >= from && event.at <= to) within.push(event);
    if (event.at >= from || !('member' in event)) continue;
    if (event.type === 'start' || (event.type === 'lead' && event.ballot === undefined)) {
      last.delete(event.member);
    }
    if (event.type === 'end' || (event.type === 'lead' && event.ballot !== undefined)) {
      last.set(event.member, { ...event, at: from });
    }
  }
  const part = new Trace();
  for (const event of [...last.values(), ...within]) part.add(event);
  return part;
}

function drawn(file: string, trace: Trace, report: Report): string {
  switch (path.extname(file)) {
    case '.txt':
      return transcript(trace);
    case '.svg':
      return drawing(trace, report.plan);
    case '.html':
      return page(trace, report);
    default:
      throw new PlanFileError(`${file}: --draw writes .html, .svg or .txt`);
  }
}
