import { exitCodes } from '../../../contract/src/error-codes.ts';
import { leaderOf } from '../../../client/src/members.ts';
import { CommandError } from './command-error.ts';
import { memberOf } from './member-of.ts';
import { ANSWER_MS, print, withClient, type SessionOptions } from './session.ts';
import { shortId } from './short-id.ts';

/** Of the members that answer, the one that leads; of two, that of the higher ballot. */
export async function show(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const leader = leaderOf(await client.admin.status({ waitMs: ANSWER_MS }));
    if (leader === undefined) {
      throw new CommandError(
        `No member leads cluster ${options.cluster}.`,
        exitCodes.unavailable,
        'NO_LEADER',
      );
    }
    const { name, member } = leader;
    print(options, { leader: member, name }, () => `${name} (${shortId(member)})`);
  });
}

/** @param to who is to lead: a name, or an id or how it begins */
export async function transfer(to: string | undefined, options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const members = await client.admin.status({ waitMs: ANSWER_MS });
    const leader = await client.admin.transferLeadership(to && memberOf(to, members));
    const name = members.find(({ member }) => member === leader)?.name ?? '';
    print(options, { leader, name }, () => `${name} (${shortId(leader)}) leads.`);
  });
}
