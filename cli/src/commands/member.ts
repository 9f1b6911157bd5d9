import Table from 'cli-table3';
import type { MemberLists, MembershipRequest } from '../../../contract/src/membership.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import type { SynodClient } from '../../../client/src/client.ts';
import { knownMemberOf, memberOf } from './member-of.ts';
import { ANSWER_MS, print, withClient, type SessionOptions } from './session.ts';
import { nameOf, shortId } from './short-id.ts';

export interface ChangeCommandOptions extends SessionOptions {
  /** Seconds. */
  readonly timeout: number;
  readonly force?: boolean;
}

export async function list(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { lists, leader, members } = await client.admin.members();
    const rows = members.map(({ id, role, status }) => ({
      name: status?.name ?? null,
      id,
      role,
      leads: id === leader?.member,
      answers: status !== undefined,
      slotOut: status?.slotOut ?? null,
    }));
    print(options, { configuration: lists.number, members: rows }, () => {
      const table = new Table({
        head: ['name', 'member', 'role', 'leads', 'slot'],
        style: { head: [], border: [] },
      });
      for (const { name, id, role, leads, slotOut } of rows) {
        const leading = leads ? 'leads' : '';
        table.push([name ?? '', shortId(id), role, leading, slotOut ?? 'no answer']);
      }
      return `${table.toString()}\nConfiguration ${lists.number}.`;
    });
  });
}

/** @param given a name, or an id or how it begins */
export async function change(
  step: MembershipRequest['step'],
  given: string,
  options: ChangeCommandOptions,
): Promise<void> {
  await changed(options, (client, statuses) => {
    const { force = false } = options;
    switch (step) {
      case 'add':
        return client.admin.addMember(knownMemberOf(given, statuses));
      case 'promote':
        return client.admin.promoteMember(memberOf(given, statuses), { force });
      case 'remove':
        return client.admin.removeMember(memberOf(given, statuses), { force });
      default:
        return step satisfies never;
    }
  });
}

/**
 * @param old a name, or an id or how it begins; who is lost has but its id
 * @param fresh the same, of who is to come
 */
export async function replace(
  old: string,
  fresh: string,
  options: ChangeCommandOptions,
): Promise<void> {
  await changed(options, (client, statuses) =>
    client.admin.replaceMember(memberOf(old, statuses), knownMemberOf(fresh, statuses)),
  );
}

async function changed(
  options: ChangeCommandOptions,
  work: (client: SynodClient, statuses: readonly MemberStatus[]) => Promise<MemberLists>,
): Promise<void> {
  const deadlineMs = options.timeout * 1000;
  await withClient(
    options,
    async (client) => {
      const statuses = await client.admin.status({ waitMs: ANSWER_MS });
      const lists = await work(client, statuses);
      print(options, lists, () => sentence(lists, statuses));
    },
    deadlineMs,
  );
}

function sentence(
  { number, voters, learners }: MemberLists,
  statuses: readonly MemberStatus[],
): string {
  const names = (ids: readonly string[]): string =>
    ids
      .map((id) => nameOf({ id, status: statuses.find(({ member }) => member === id) }))
      .join(', ');
  const learning = learners.length === 0 ? '' : `, learners ${names(learners)}`;
  return `Configuration ${number} is in force: voters ${names(voters)}${learning}.`;
}
