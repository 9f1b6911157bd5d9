import { Workspace } from '../local/workspace.ts';

export async function stopAll(): Promise<void> {
  const workspace = new Workspace('.');
  const running = workspace.running();
  await workspace.destroy();
  const nodes = running.filter(({ kind }) => kind === 'node').length;
  process.stderr.write(`Ended ${nodes} node(s) and destroyed the data of this folder.\n`);
}
