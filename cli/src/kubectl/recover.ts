import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Kubectl } from './kubectl.ts';
import type { ConsentOptions } from './lost.ts';
import { conditionOf, holds, memberOf, RESOURCE } from './paxos-cluster.ts';

/**
 * Asks for a new cluster of what one survivor has (docs/kubernetes.md, "When the quorum is lost for
 * good").
 * @throws CommandError unless the quorum is lost; without `--yes`, which says what may be lost
 */
export async function recover(
  kubectl: Kubectl,
  pod: string,
  { yes }: ConsentOptions,
): Promise<void> {
  const { cluster, id: member } = await memberOf(kubectl, pod);
  const { name } = cluster.metadata;
  const clusterId = cluster.status?.clusterId;
  if (!holds(cluster, 'QuorumLost') || clusterId === undefined) {
    throw new CommandError(
      `${name} has not lost its quorum, as far as the operator sees: there is nothing to recover.`,
      exitCodes.failed,
    );
  }
  if (yes !== true) {
    const survivors = conditionOf(cluster, 'QuorumLost')?.message ?? '';
    throw new CommandError(
      `${survivors}\nA new cluster would begin with what ${pod} (member ${member}) has. Whatever ` +
        'only the lost members knew is given up, acknowledged or not: choose the survivor with the ' +
        'highest slot, and make sure that the lost members cannot come back together. Nothing is ' +
        'done without --yes.',
      exitCodes.usage,
    );
  }
  const patch = JSON.stringify({ spec: { recovery: { clusterId, member } } });
  await kubectl.text('patch', RESOURCE, name, '--type', 'merge', '--patch', patch);
  process.stdout.write(
    `The operator makes a new cluster of ${pod}. See "kubectl synod status ${name}". When your data ` +
      `is there, remove the field:\n  kubectl patch ${RESOURCE} ${name} --type json --patch ` +
      `'[{"op":"remove","path":"/spec/recovery"}]'\n`,
  );
}
