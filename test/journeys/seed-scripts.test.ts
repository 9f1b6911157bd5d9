import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { complaints, parseExpected } from './chat-logs.ts';
import { inWorkingFolder, synod, withFreePorts } from './cli-run.ts';

const folder = path.resolve('test/journeys/seed-scripts');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.input'))
  .map((name) => name.slice(0, -'.input'.length));
/** CI runs each script many times. */
const repeat = Number(process.env['SYNOD_REPEAT'] ?? '1');

describe('the seed scripts, against real processes', () => {
  for (const name of names) {
    const script = readFileSync(path.join(folder, `${name}.input`), 'utf8');
    const expected = parseExpected(readFileSync(path.join(folder, `${name}.output`), 'utf8'));
    for (let run = 1; run <= repeat; run++) {
      test(`${name}${repeat === 1 ? '' : `, run ${run}`}`, async () => {
        await inWorkingFolder(async (cwd) => {
          const input = await withFreePorts(script);
          const { code, stdout, stderr } = await synod(['master'], { cwd, input });
          const printed = stdout.split('\n').slice(0, -1);
          expect({ code, wrong: complaints(printed, expected), stderr }).toMatchObject({
            code: 0,
            wrong: [],
          });
        });
      }, 120_000);
    }
  }
});

describe('the checker of chat logs', () => {
  const expected = { count: 2, mandatory: ['a', 'b'], optional: ['c'] };

  test('accepts logs of which one is a prefix of the other', () => {
    expect(complaints(['a,b', 'a,b,c'], expected)).toEqual([]);
  });

  test.each([
    ['another order', ['a,b', 'b,a']],
    ['a missing text', ['a,b', 'a']],
    ['an alien text', ['a,b', 'a,b,x']],
    ['a text twice', ['a,b,b', 'a,b,b']],
    ['a missing log', ['a,b']],
  ])('complains of %s', (_, printed) => {
    expect(complaints(printed, expected)).not.toEqual([]);
  });
});
