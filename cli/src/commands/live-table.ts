import Table from 'cli-table3';
import type { Members } from '../../../client/src/members.ts';
import { shortId } from './short-id.ts';
import { mebibytes } from './status-table.ts';

/** The members in 80 columns, each with the name that it had when it answered last. */
export class LiveTable {
  /** By their ids, in the order in which they were seen first. */
  readonly #names = new Map<string, string>();

  /** @param isSeen whether it is known at all who answers: not without NATS */
  draw({ leader, members }: Members, isSeen: boolean): string {
    for (const { id, role, status } of members) {
      const known = status?.name ?? this.#names.get(id);
      // Who was a member under a name of before is not shown any more.
      if (role === 'outsider' && status === undefined) continue;
      this.#names.set(id, known ?? '');
    }
    const table = new Table({
      head: ['name', 'member', 'role', 'slot', 'lag', 'disk'],
      style: { head: [], border: [] },
    });
    const alarms: string[] = [];
    const head =
      leader?.slotOut ?? Math.max(0, ...members.map((each) => each.status?.slotOut ?? 0));
    const byName = [...this.#names].sort(([, a], [, b]) => (a < b ? -1 : 1));
    for (const [id, name] of byName) {
      const status = members.find((each) => each.id === id)?.status;
      if (status === undefined) {
        table.push([name, shortId(id), isSeen ? 'no answer' : 'not seen', '', '', '']);
        continue;
      }
      const { role, slotOut, logBytes, stateBytes } = status;
      const lag = Math.max(0, head - slotOut);
      const disk = mebibytes(logBytes + stateBytes);
      table.push([name, shortId(id), role, String(slotOut), String(lag), disk]);
      alarms.push(...status.alarms.map((alarm) => `${name}: ${alarm}`));
    }
    return [table.toString(), ...alarms].join('\n');
  }
}
