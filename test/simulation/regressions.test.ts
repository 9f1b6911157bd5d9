import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readPlan } from './plan-file.ts';
import { simulate } from './simulation.ts';

const FOLDER = 'test/simulation/regressions';

test.each(fs.readdirSync(FOLDER))('what once failed passes: %s', (file) => {
  expect(simulate(readPlan(path.join(FOLDER, file))).failure).toBeUndefined();
});

test('the planted fault of the README still applies', () => {
  execFileSync('git', ['apply', '--check', 'test/simulation/planted/stale-p2a.patch']);
});
