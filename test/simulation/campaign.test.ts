import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/* The command as a user has it: compiled, with its workers (npm test builds it first). */
const MAIN = 'build/simulation/test/simulation/main.js';

function simulate(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 900_000 });
}

test('one seed gives the same trace, byte for byte, in two processes', () => {
  const file = 'build/simulation/trace.txt';
  const drawn = ['--seed', '11', '--draw', file];
  const traces = [0, 1].map(() => {
    expect(simulate(...drawn)).toMatchObject({ status: 0 });
    return fs.readFileSync(file, 'utf8');
  });
  expect(traces[0]?.length).toBeGreaterThan(10_000);
  expect(traces[1]).toBe(traces[0]);
}, 120_000);

// One of minutes looks at averages, too: `.ci/run` has that, with fresh seeds.
test('a campaign passes the fixed seeds and says what it did', () => {
  const { status, stdout } = simulate('--seed', '1', '--runs', '24', '--output', 'json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ seed: 1, runs: 24, failed: 0 });
}, 900_000);

test.each([
  [['--sed', '1'], /unknown option '--sed'/],
  [['--runs', 'many'], /whole number/],
  [['--plan', 'nix.json'], /nix\.json is no plan/],
  [['--seed', '1', '--draw', 'run.png'], /--draw writes/],
])('wrong: %j', (args, sentence) => {
  const { status, stderr } = simulate(...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(sentence);
});
