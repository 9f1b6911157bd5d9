import { exitCodes } from '../../../contract/src/error-codes.ts';
import { clusterFlag } from '../local/cluster-flag.ts';
import { externalNats, runningNats } from '../local/folder-nats.ts';
import { startLoneMember } from '../local/lone-member.ts';
import { withoutRoles } from '../local/without-roles.ts';
import { Workspace } from '../local/workspace.ts';
import { CommandError } from './command-error.ts';
import { processOf, type LocalMemberOptions } from './kill.ts';
import { print } from './session.ts';

/** Starts a member of the cluster that runs in this folder again. */
export async function start(name: string, options: LocalMemberOptions): Promise<void> {
  const { cluster } = options;
  const workspace = new Workspace('.');
  const running = processOf(workspace, cluster, name);
  if (running !== undefined) {
    const sentence = `${name} runs already (process ${running.pid}).`;
    throw new CommandError(sentence, exitCodes.failed);
  }
  const natsUrl = externalNats(process.env) ?? runningNats(workspace);
  if (natsUrl === undefined) {
    const all = `"synod up${clusterFlag(cluster)}" starts all of it.`;
    const sentence = `Cluster ${cluster} does not run. ${all}`;
    throw new CommandError(sentence, exitCodes.unavailable, 'NO_CLUSTER');
  }
  const { process: started, status } = await startLoneMember({ workspace, cluster, name, natsUrl });
  const { pid } = started;
  const { role } = status;
  const without = withoutRoles(status);
  print(options, { name, pid, role }, () =>
    without === undefined ? `${name} is up (process ${pid}).` : `${without} (Process ${pid}.)`,
  );
  if (without !== undefined) process.exitCode = exitCodes.failed;
}
