import { exitCodes } from '../../../contract/src/error-codes.ts';
import { majorityOf } from '../../../contract/src/majority.ts';
import { isUnfit } from '../../../contract/src/status.ts';
import type { ClusterMember, Members } from '../../../client/src/members.ts';
import { nameOf } from './short-id.ts';

/** How a cluster is, at a glance. */
export interface Health {
  readonly state: 'healthy' | 'degraded' | 'stuck' | 'no-leader' | 'no-quorum';
  /** Says so, and why. */
  readonly sentence: string;
}

export function healthOf({ leader, members }: Members): Health {
  const voters = members.filter(({ role }) => role === 'voter');
  const well = voters.filter(({ status }) => status !== undefined && !isUnfit(status.role));
  const quorum = majorityOf(voters.length);
  const count = `${well.length} of ${voters.length} voters are well`;
  if (leader === undefined) {
    if (well.length < quorum || hearsNoQuorum(members)) {
      const wrong = voters.flatMap(ailmentOf).map((ailment) => `, ${ailment}`);
      const needed = `${quorum} are needed that hear one another`;
      return { state: 'no-quorum', sentence: `No quorum: ${count}, ${needed}${wrong.join('')}.` };
    }
    return { state: 'no-leader', sentence: `No leader: ${count}; one of them may lead soon.` };
  }
  const spare = Math.max(0, well.length - quorum);
  const facts = [`${leader.name} leads`, count, `${spare === 0 ? 'none' : spare} may fail`];
  if (leader.alarmCodes.includes('undecided')) {
    return { state: 'stuck', sentence: `Stuck: ${facts.join(', ')}, but nothing is decided.` };
  }
  const wrong = members.filter(({ role }) => role !== 'outsider').flatMap(ailmentOf);
  if (wrong.length === 0) return { state: 'healthy', sentence: `Healthy: ${facts.join(', ')}.` };
  return { state: 'degraded', sentence: `Degraded: ${[...facts, ...wrong].join(', ')}.` };
}

/** How `synod status` ends: scripts go by it. */
export const exitCodeOf: Readonly<Record<Health['state'], number>> = {
  healthy: exitCodes.ok,
  degraded: exitCodes.degraded,
  stuck: exitCodes.notServing,
  'no-leader': exitCodes.notServing,
  'no-quorum': exitCodes.notServing,
};

/** Who answers may be well, and yet not hear the others. */
function hearsNoQuorum(members: readonly ClusterMember[]): boolean {
  return members.some(({ status }) => status?.alarmCodes.includes('no-quorum') === true);
}

function ailmentOf(member: ClusterMember): string[] {
  const { status } = member;
  const name = nameOf(member);
  if (status === undefined) return [`${name} does not answer`];
  if (isUnfit(status.role)) return [`${name} is ${status.role}`];
  if (status.alarms.length > 0) return [`${name} has an alarm`];
  if (status.incoming !== null) return [`${name} receives a state`];
  return status.ready ? [] : [`${name} catches up`];
}
