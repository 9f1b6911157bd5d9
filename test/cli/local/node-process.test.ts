import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NodeProcess } from '../../../cli/src/local/node-process.ts';
import { Workspace } from '../../../cli/src/local/workspace.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-process-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

test.each([
  [
    'process.stderr.write(\'{"msg":"The disk is full."}\\n\'); process.exit(74)',
    ': The disk is full. See',
  ],
  [
    "import { none } from 'node:fs'",
    ": SyntaxError: The requested module 'node:fs' does not provide",
  ],
  ['throw new TypeError("odd")', ': TypeError: odd. See'],
  ['process.exit(1)', 'before it was up. See'],
])('who ended before it was up is quoted: %s', async (text, words) => {
  const program = path.join(folder, 'node.mjs');
  const logFile = path.join(folder, 'n0.log');
  fs.writeFileSync(program, text);
  const workspace = new Workspace(folder);
  const where = { natsUrl: '', cluster: 'c', name: 'n0', data: folder };
  const { ready } = new NodeProcess({ workspace, program, logFile, ...where });
  await expect(ready).rejects.toThrow(words);
});
