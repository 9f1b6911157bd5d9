import Table from 'cli-table3';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { CommandError } from './command-error.ts';
import { print, withClient, type SessionOptions } from './session.ts';

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
  const table = new Table({
    head: ['member', 'role', 'ballot', 'slot', 'operations', 'log', 'state', 'alarms'],
    style: { head: [], border: [] },
  });
  const voters = members[0]?.voters ?? [];
  for (const voter of voters) {
    const member = members.find((each) => each.member === voter);
    if (member === undefined) {
      table.push([voter, 'no answer', '', '', '', '', '', '']);
      continue;
    }
    const { role, ballot, slotOut, operationsApplied, logBytes, stateBytes, alarms } = member;
    const size = [mib(logBytes), mib(stateBytes)];
    table.push([voter, role, ballot, slotOut, operationsApplied, ...size, alarms.join(' ')]);
  }
  return table.toString();
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
