import path from 'node:path';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { dialExternalNats, folderNats } from '../local/folder-nats.ts';
import { NodeProcess } from '../local/node-process.ts';
import { Workspace } from '../local/workspace.ts';
import { CommandError } from './command-error.ts';

export interface ScriptProcessOptions {
  readonly id: number;
  readonly n: number;
  readonly port: number;
  readonly cluster: string;
  readonly data?: string;
}

/** Runs until the process ends, and ends with its exit code. */
export async function scriptProcess(options: ScriptProcessOptions): Promise<void> {
  const { id, n, port, cluster } = options;
  if (id >= n)
    throw new CommandError(`Process ${id} of ${n}: ids go from 0 to ${n - 1}.`, exitCodes.usage);
  const workspace = new Workspace('.');
  const say = (what: string): void => void process.stderr.write(`${what}\n`);
  await dialExternalNats(process.env);
  const natsUrl = await folderNats(workspace, process.env, say);
  const node = new NodeProcess({
    workspace,
    natsUrl,
    cluster,
    member: `p${id}`,
    members: Array.from({ length: n }, (_, i) => `p${i}`),
    data: options.data ?? path.join(workspace.dataOf(cluster), `p${id}`),
    flags: [
      ...['--mode', 'on-demand', '--machine', 'chat-log', '--http-port', '0'],
      ...['--script-port', String(port)],
    ],
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => node.kill('SIGTERM'));
  process.exit(await node.exit);
}
