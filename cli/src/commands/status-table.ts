import Table from 'cli-table3';
import type { MemberStatus } from '../../../contract/src/status.ts';
import type { ClusterMember, Members } from '../../../client/src/members.ts';
import { nameOf, shortId } from './short-id.ts';

/** The table that `status` and `up` show. Who votes or learns and does not answer has a row too. */
export function statusTable({ leader, members }: Members): string {
  const table = new Table({
    head: 'name,member,role,leader,slot,lag,floor,disk,version,alarms'.split(','),
    style: { head: [], border: [] },
  });
  const slots = members.map(({ status }) => status?.slotOut ?? 0);
  const head = leader?.slotOut ?? Math.max(0, ...slots);
  const names = new Map(members.map((member) => [member.id, nameOf(member)]));
  for (const member of members) table.push(rowOf(member, head, names));
  return table.toString();
}

function rowOf(
  { id, role, status }: ClusterMember,
  head: number,
  names: ReadonlyMap<string, string>,
): string[] {
  if (status === undefined) {
    const alarm = `This ${role} does not answer.`;
    return ['', shortId(id), 'no answer', '', '', '', '', '', '', alarm];
  }
  const { name, leader, slotOut, floor, version, alarms } = status;
  const lag = Math.max(0, head - slotOut);
  return [
    name,
    shortId(id),
    status.role,
    leader === null ? 'none' : (names.get(leader) ?? shortId(leader)),
    ...[slotOut, lag, floor].map(String),
    diskOf(status),
    version,
    [...alarms, ...incomingOf(status, names)].join(' '),
  ];
}

function incomingOf({ incoming }: MemberStatus, names: ReadonlyMap<string, string>): string[] {
  if (incoming === null) return [];
  const { from, bytes } = incoming;
  return [`Receives the state of ${names.get(from) ?? shortId(from)}, ${mebibytes(bytes)} so far.`];
}

function diskOf({ logBytes, stateBytes }: MemberStatus): string {
  return mebibytes(logBytes + stateBytes);
}

/** As a person reads it. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
