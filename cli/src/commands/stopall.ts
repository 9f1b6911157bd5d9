import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { Workspace } from '../local/workspace.ts';
import { CommandError } from './command-error.ts';

export interface StopAllOptions {
  readonly yes?: boolean;
}

/** On a terminal it asks first: what is destroyed does not come back. */
export async function stopAll({ yes = false }: StopAllOptions): Promise<void> {
  const workspace = new Workspace('.');
  if (!yes && process.stdin.isTTY && !(await isAgreed(workspace))) {
    throw new CommandError('Nothing was ended, and nothing destroyed.', exitCodes.failed);
  }
  const running = workspace.running();
  await workspace.destroy();
  const nodes = running.filter(({ kind }) => kind === 'node').length;
  process.stderr.write(`Ended ${nodes} node(s) and destroyed the data of this folder.\n`);
}

async function isAgreed(workspace: Workspace): Promise<boolean> {
  const nodes = workspace.running().filter(({ kind }) => kind === 'node').length;
  const folder = path.join(workspace.path, 'clusters');
  const clusters = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const data = clusters.length === 0 ? 'no data' : `the data of ${clusters.join(', ')}`;
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = new Promise<string>((resolve) => {
    asked.once('close', () => resolve('')); // Ctrl-C, or the end of input.
    void asked
      .question(
        `This ends ${nodes} node(s) and destroys ${data} in ${workspace.path}. Go on? (yes/no) `,
      )
      .then(resolve, () => resolve(''));
  });
  const agreed = /^y(es)?$/i.test((await answer).trim());
  asked.close();
  return agreed;
}
