import type { Report } from '../simulation.ts';
import { drawing, escape } from './drawing.ts';
import { Trace } from './trace.ts';
import { transcript } from './transcript.ts';

/** A page takes so many events; of a longer run the last ones, or those that are asked for. */
const EVENTS_AT_MOST = 4_000;

const kinds = [
  ['k-paxos', 'p1a p1b p2a p2b decision propose'],
  ['k-client', 'requests and answers'],
  ['k-persist', 'writes'],
  ['k-apply', 'applied slots'],
  ['k-learn', 'learn, learned, forgotten'],
  ['k-heartbeat', 'heartbeats'],
] as const;

/** A run as a page: what it was, the drawing with switches, and the text. */
export function page(trace: Trace, { plan, failure, simulatedMs }: Report): string {
  const shown = new Trace();
  for (const event of trace.events.slice(-EVENTS_AT_MOST)) shown.add(event);
  const left = trace.events.length - shown.events.length;
  const { seed, members, mode, leadership, machine, window } = plan;
  const what = `${members} members, ${machine}, leadership ${leadership}, WINDOW ${window}, ${mode}`;
  const switches = kinds.map(
    ([kind, text]) => `<label><input type="checkbox" id="${kind}" checked> ${text}</label>`,
  );
  const hiding = kinds.map(([kind]) => `body:has(#${kind}:not(:checked)) .${kind}{display:none}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Synod: a run of seed ${seed}</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem}
label{margin-right:1.2em;white-space:nowrap}
.scroll{overflow-x:auto}
.failed{color:light-dark(#c01c28,#ff6b74);font-weight:700}
pre{overflow-x:auto;font-size:12px}
${hiding.join('\n')}
</style>
<h1>Seed ${seed}</h1>
<p>${what}; ${simulatedMs.toFixed(0)} simulated ms.
${left > 0 ? `The last ${shown.events.length} events; ${left} before them are left out (--from, --to).` : ''}</p>
${failure ? `<p class="failed">${escape(failure.message)}</p>` : ''}
<p>${switches.join('\n')}</p>
<p>Time goes down. Arrows and squares (writes to disk) have the colour of their ballot; a thick lane
leads; ◆ is where a quorum has it on disk; a cross is a loss or an end.</p>
<div class="scroll">${drawing(shown, plan)}</div>
<details><summary>As text</summary><pre>${escape(transcript(shown))}</pre></details>
</html>
`;
}
