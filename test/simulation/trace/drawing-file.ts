import fs from 'node:fs';
import path from 'node:path';
import { PlanFileError } from '../plan-file.ts';
import type { Report } from '../simulation.ts';
import { drawing } from './drawing.ts';
import { page } from './page.ts';
import { Trace } from './trace.ts';
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
  const part = new Trace();
  for (const event of trace.events) {
    if (event.at >= section.from && event.at <= section.to) part.add(event);
  }
  fs.writeFileSync(file, drawn(file, part, report));
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
