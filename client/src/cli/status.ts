import Table from 'cli-table3';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { CommandError } from './command-error.ts';
import { print, withClient, type SessionOptions } from './session.ts';
import { shortId } from './short-id.ts';

export async function status(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const members = await client.status({ waitMs: 1_000 });
    if (members.length === 0) {
      throw new CommandError(
        `No member of cluster ${options.cluster} answers.`,
        exitCodes.unavailable,
      );
    }
    print(options, members, () => statusTable(members));
  });
}

/** The table that `status` and `up` show. A voter that does not answer has a row, too. */
export function statusTable(members: readonly MemberStatus[]): string {
  const head = ['name', 'member', 'role', 'ballot', 'slot', 'operations', 'log', 'state', 'alarms'];
  const table = new Table({ head, style: { head: [], border: [] } });
  const names = new Map(members.map(({ member, name }) => [member, name]));
  for (const { name, member, ...status } of members) {
    const { role, slotOut, operationsApplied, logBytes, stateBytes, alarms } = status;
    const progress = [readable(status.ballot, names), slotOut, operationsApplied];
    const size = [mib(logBytes), mib(stateBytes)];
    table.push([name, shortId(member), role, ...progress, ...size, alarms.join(' ')]);
  }
  const silent = new Set(members.flatMap(({ voters }) => voters).filter((id) => !names.has(id)));
  for (const voter of silent) {
    table.push(['', shortId(voter), 'no answer', '', '', '', '', '', '']);
  }
  return table.toString();
}

/** A ballot with the name of its leader, where it is known. */
function readable(ballot: string, names: ReadonlyMap<string, string>): string {
  const [round = '', leader] = ballot.split('.');
  return leader === undefined ? round : `${round}.${names.get(leader) ?? shortId(leader)}`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
