import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { CommandError } from './command-error.ts';
import { memberOf } from './member-of.ts';
import { print, withClient, type SessionOptions } from './session.ts';
import { shortId } from './short-id.ts';

const WAIT_MS = 1_000;

/** Of the members that answer, the one that leads; of two, that of the higher ballot. */
export async function show(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const members = await client.status({ waitMs: WAIT_MS });
    const leading = members.filter(({ role }) => role === 'leader');
    const leader = leading.sort((a, b) => roundOf(b) - roundOf(a))[0];
    if (leader === undefined) {
      throw new CommandError(`No member leads cluster ${options.cluster}.`, exitCodes.unavailable);
    }
    const { name, member } = leader;
    print(options, { leader: member, name }, () => `${name} (${shortId(member)})`);
  });
}

function roundOf({ ballot }: MemberStatus): number {
  return Number.parseInt(ballot, 10);
}

/** @param to who is to lead: a name, or an id or how it begins */
export async function transfer(to: string | undefined, options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const members = await client.status({ waitMs: WAIT_MS });
    const leader = await client.transferLeadership(to && memberOf(to, members));
    const name = members.find(({ member }) => member === leader)?.name ?? '';
    print(options, { leader, name }, () => `${name} (${shortId(leader)}) leads.`);
  });
}
