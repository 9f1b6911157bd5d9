import { exitCodes } from '../../../contract/src/error-codes.ts';
import { leaderOf } from '../sdk/members.ts';
import { CommandError } from './command-error.ts';
import { print, withClient, type SessionOptions } from './session.ts';

/** Of the members that answer, the one that leads; of two, that of the higher ballot. */
export async function show(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const members = await client.status({ waitMs: 1_000 });
    const leader = leaderOf(members)?.member;
    if (leader === undefined) {
      throw new CommandError(`No member leads cluster ${options.cluster}.`, exitCodes.unavailable);
    }
    print(options, { leader }, () => leader);
  });
}

/** @param member who is to lead */
export async function transfer(member: string | undefined, options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const leader = await client.transferLeadership(member);
    print(options, { leader }, () => `${leader} leads.`);
  });
}
