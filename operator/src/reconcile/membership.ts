import { majorityOf } from '../../../contract/src/majority.ts';
import type { MembershipRequest } from '../../../contract/src/membership.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import {
  isCaughtUp,
  isWell,
  placeOf,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/* The steps that bring one member in, or one out, each when it is safe. */

/** Tells a blank member of the cluster; then it learns; then, caught up, it votes. */
export function admit(seen: Observation, { lists, leader }: Decided, place: Place): Verdict {
  const { status, name } = place;
  if (status === undefined) return wait('WaitingForMember', `Waits for the member of ${name}.`);
  const { member } = status;
  const change = (step: MembershipRequest['step']): MembershipRequest => ({
    step,
    member,
    base: lists.number,
    force: false,
  });
  if (status.role === 'unformed' && leader.firstConfiguration !== null) {
    const first = leader.firstConfiguration;
    const message = `Tells ${name} of the cluster, so that it can join.`;
    return act({ type: 'form', members: [member], first }, 'AddingMember', message);
  }
  if (!lists.learners.includes(member)) {
    const message = `Adds ${name} as a learner.`;
    return act({ type: 'change', request: change('add') }, 'AddingMember', message);
  }
  if (!status.ready || !isCaughtUp(status, leader)) {
    // Without numbers: whatever changes in the status wakes the operator.
    return wait('CatchingUp', `${name} learns what the others have.`);
  }
  const message = `${name} has caught up, and gets a vote.`;
  return act({ type: 'change', request: change('promote') }, 'PromotingMember', message);
}

/**
 * Removes a member. It never costs the majority of those that stay.
 * @param name how the member is called
 * @param why a clause
 */
export function dismiss(
  seen: Observation,
  { lists, leader }: Decided,
  member: string,
  name: string,
  why: string,
): Verdict {
  const rest = lists.voters.filter((voter) => voter !== member);
  const well = rest.filter((voter) => isWell(placeOf(seen, voter), leader));
  const quorum = majorityOf(rest.length);
  if (lists.voters.includes(member) && well.length < quorum) {
    const others = `${well.length} of the ${rest.length} other voters are well`;
    return wait(
      'WaitingForMajority',
      `${name} is to go (${why}), but only ${others}, and ${quorum} are needed to go on without it.`,
    );
  }
  const [heir] = well;
  if (leader.member === member && heir !== undefined) {
    const message = `${name} leads, and is to go (${why}): another one takes over first.`;
    return act({ type: 'transfer', to: heir }, 'HandingOver', message);
  }
  const request = { step: 'remove', member, base: lists.number, force: false } as const;
  const message = `Removes ${name} from the members: ${why}.`;
  return act({ type: 'change', request }, 'RemovingMember', message);
}
