import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readPlan } from '../plan-file.ts';
import { simulate } from '../simulation.ts';
import { drawTo } from './drawing-file.ts';
import { Trace } from './trace.ts';

const sections: Record<string, readonly [number, number]> = {
  takeover: [315, Infinity],
  duel: [30, Infinity],
  'isolated-leader': [395, 1345],
};

test.each(Object.entries(sections))('docs/pictures/%s.svg is that run', (story, [from, to]) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'story-'));
  try {
    const drawn = path.join(folder, 'drawn.svg');
    const trace = new Trace();
    const report = simulate(readPlan(`test/simulation/stories/${story}.json`), { trace });
    drawTo(drawn, trace, report, { from, to });
    const kept = fs.readFileSync(`docs/pictures/${story}.svg`, 'utf8');
    // Not compared as strings: the difference of two drawings says nothing.
    expect(fs.readFileSync(drawn, 'utf8') === kept).toBe(true);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
