import Table from 'cli-table3';
import type { MemberStatus } from '../../../contract/src/status.ts';
import type { ClusterMember, Members } from '../sdk/members.ts';

const SHORT = 8;

/** The table that `status` and `up` show. Who votes or learns and does not answer has a row too. */
export function statusTable({ leader, members }: Members): string {
  const table = new Table({
    head: 'member,id,role,leader,slot,lag,floor,disk,version,alarms'.split(','),
    style: { head: [], border: [] },
  });
  const slots = members.map(({ status }) => status?.slotOut ?? 0);
  const head = leader?.slotOut ?? Math.max(0, ...slots);
  for (const member of members) table.push(rowOf(member, head));
  return table.toString();
}

function rowOf({ id, role, status }: ClusterMember, head: number): string[] {
  const short = id.slice(0, SHORT);
  if (status === undefined) {
    return [id, short, 'no answer', '', '', '', '', '', '', `This ${role} does not answer.`];
  }
  const { slotOut, floor, version, alarms } = status;
  const lag = Math.max(0, head - slotOut);
  return [
    id,
    short,
    status.role,
    status.leader?.slice(0, SHORT) ?? 'none',
    ...[slotOut, lag, floor].map(String),
    diskOf(status),
    version,
    alarms.join(' '),
  ];
}

function diskOf({ logBytes, stateBytes }: MemberStatus): string {
  return `${((logBytes + stateBytes) / 1024 / 1024).toFixed(1)} MiB`;
}
