import { membersOf } from '../../../client/src/members.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { isCaughtUp } from './observation.ts';

/**
 * What members say of themselves, but for what changes at every write. While they say the same,
 * and no object changes, another look would find what the last one found.
 */
export function gistOf(statuses: readonly MemberStatus[]): string {
  const { leader } = membersOf(statuses);
  const gists = statuses.map((status) => {
    const { name, member, clusterId, version, role, ready, natsConnected, alarms } = status;
    const { configuration, voters, learners, unheard } = status;
    const self = { name, member, clusterId, version, role, ready, natsConnected, alarms };
    const known = { configuration, voters, learners, unheard, leader: status.leader };
    return { ...self, ...known, caughtUp: isCaughtUp(status, leader) };
  });
  return JSON.stringify(gists);
}
