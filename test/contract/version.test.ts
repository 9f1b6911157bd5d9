import { readFileSync } from 'node:fs';
import { VERSION } from '../../contract/src/version.ts';

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
