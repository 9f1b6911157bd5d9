import { exitCodes } from '../../../contract/src/error-codes.ts';
import { clusterFlag } from '../local/cluster-flag.ts';
import { end } from '../local/running.ts';
import { Workspace, type StartedProcess } from '../local/workspace.ts';
import { CommandError } from './command-error.ts';
import { print } from './session.ts';

export interface LocalMemberOptions {
  readonly cluster: string;
  readonly output: 'text' | 'json';
}

/** Kills the process of a member that was started from this folder, as a crash would. */
export async function kill(name: string, options: LocalMemberOptions): Promise<void> {
  const { cluster } = options;
  const workspace = new Workspace('.');
  const found = processOf(workspace, cluster, name);
  const where = clusterFlag(cluster);
  if (found === undefined) {
    const sentence = `${name} does not run. "synod start ${name}${where}" starts it.`;
    throw new CommandError(sentence, exitCodes.failed, 'NO_MEMBER');
  }
  await end(found, 0);
  print(
    options,
    { name, pid: found.pid },
    () =>
      `${name} was killed (process ${found.pid}). "synod status${where}" shows the others; ` +
      `"synod start ${name}${where}" starts it again.`,
  );
}

/**
 * The process of a member of this folder; `undefined` when it does not run.
 * @throws CommandError when the folder has no such member
 */
export function processOf(
  workspace: Workspace,
  cluster: string,
  name: string,
): StartedProcess | undefined {
  const names = workspace.membersOf(cluster);
  if (names.length === 0) {
    const sentence = `There is no cluster ${cluster} in this folder. "synod up" starts one.`;
    throw new CommandError(sentence, exitCodes.unavailable, 'NO_CLUSTER');
  }
  if (!names.includes(name)) {
    const there = `Cluster ${cluster} has no member ${name} in this folder. It has`;
    const sentence = `${there} ${names.join(', ')}.`;
    throw new CommandError(sentence, exitCodes.failed, 'NO_MEMBER');
  }
  return workspace.nodesOf(cluster).find((node) => node.name === name);
}
