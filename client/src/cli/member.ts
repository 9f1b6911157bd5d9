import Table from 'cli-table3';
import type { MemberLists, MembershipRequest } from '../../../contract/src/membership.ts';
import type { SynodClient } from '../sdk/client.ts';
import { print, withClient, type SessionOptions } from './session.ts';

export interface ChangeCommandOptions extends SessionOptions {
  /** Seconds. */
  readonly timeout: number;
  readonly force?: boolean;
}

export async function list(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { lists, leader, members } = await client.members();
    const rows = members.map(({ id, role, status }) => ({
      id,
      role,
      leads: id === leader?.member,
      answers: status !== undefined,
      slotOut: status?.slotOut ?? null,
    }));
    print(options, { configuration: lists.number, members: rows }, () => {
      const table = new Table({
        head: ['member', 'role', 'leads', 'slot'],
        style: { head: [], border: [] },
      });
      for (const { id, role, leads, slotOut } of rows) {
        table.push([id, role, leads ? 'leads' : '', slotOut ?? 'no answer']);
      }
      return `${table.toString()}\nConfiguration ${lists.number}.`;
    });
  });
}

export async function change(
  step: MembershipRequest['step'],
  id: string,
  options: ChangeCommandOptions,
): Promise<void> {
  await changed(options, (client) => {
    const { force = false } = options;
    switch (step) {
      case 'add':
        return client.addMember(id);
      case 'promote':
        return client.promoteMember(id, { force });
      case 'remove':
        return client.removeMember(id, { force });
      default:
        return step satisfies never;
    }
  });
}

export async function replace(
  old: string,
  fresh: string,
  options: ChangeCommandOptions,
): Promise<void> {
  await changed(options, (client) => client.replaceMember(old, fresh));
}

async function changed(
  options: ChangeCommandOptions,
  work: (client: SynodClient) => Promise<MemberLists>,
): Promise<void> {
  const deadlineMs = options.timeout * 1000;
  await withClient(
    options,
    async (client) => {
      const lists = await work(client);
      print(options, lists, () => sentence(lists));
    },
    deadlineMs,
  );
}

function sentence({ number, voters, learners }: MemberLists): string {
  const learning = learners.length === 0 ? '' : `, learners ${learners.join(', ')}`;
  return `Configuration ${number} is in force: voters ${voters.join(', ')}${learning}.`;
}
