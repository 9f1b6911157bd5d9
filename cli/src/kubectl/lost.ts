import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Kubectl } from './kubectl.ts';
import { holds, memberOf, RESOURCE } from './paxos-cluster.ts';

const ANNOTATION = 'paxos.synod.dev/lost';

export interface ConsentOptions {
  readonly yes?: boolean;
}

/**
 * Says that a member is lost for good: the operator then replaces it, and deletes its volume.
 * @throws CommandError without `--yes`, which says what would follow; while the quorum is lost
 */
export async function lost(kubectl: Kubectl, pod: string, { yes }: ConsentOptions): Promise<void> {
  const { cluster, member, id } = await memberOf(kubectl, pod);
  const { name } = cluster.metadata;
  if (holds(cluster, 'QuorumLost')) {
    throw new CommandError(
      `${name} has lost its quorum: no member is replaced then. Bring members back, or see ` +
        '"kubectl synod recover --help".',
      exitCodes.failed,
    );
  }
  if (yes !== true) {
    const isWell = member.role === 'voter' && member.ready;
    const well = isWell ? ' It is ready and has a vote now.' : '';
    throw new CommandError(
      `${pod} is member ${id} of ${name}, ${member.role}.${well} It would leave the cluster, its ` +
        'volume would be deleted, and its pod would begin again as a new member. Nothing is done ' +
        'without --yes.',
      exitCodes.usage,
    );
  }
  await kubectl.text('annotate', '--overwrite', RESOURCE, name, `${ANNOTATION}=${pod}=${id}`);
  process.stdout.write(
    `The operator replaces ${pod}, member ${id} of ${name}. See "kubectl synod status ${name}".\n`,
  );
}
