import logUpdate from 'log-update';
import type { SynodClient } from '../../../client/src/client.ts';
import { isWhole, membersOf } from '../../../client/src/members.ts';
import { exitCodeOf, healthOf } from './health.ts';
import { absent, ANSWER_MS, print, withAnyClient, type SessionOptions } from './session.ts';
import { statusTable } from './status-table.ts';

export interface StatusOptions extends SessionOptions {
  readonly watch?: boolean;
}

const REDRAW_MS = 1_000;

/** What is shown at one time; `undefined` when no member answers. */
interface Picture {
  readonly json: unknown;
  readonly text: string;
  readonly exitCode: number;
}

export async function status(options: StatusOptions): Promise<void> {
  await withAnyClient(options, async (client) => {
    if (options.watch === true) return watch(client, options);
    const picture = await look(client);
    if (picture === undefined) throw absent(options);
    print(options, picture.json, () => picture.text);
    process.exitCode = picture.exitCode;
  });
}

async function look(client: SynodClient): Promise<Picture | undefined> {
  const statuses = await client.admin.status({ waitMs: 2 * ANSWER_MS, enough: isWhole });
  if (statuses.length === 0) return undefined;
  const found = membersOf(statuses);
  const { state, sentence } = healthOf(found);
  const { lists, leader, members } = found;
  const silent = members.filter((each) => each.status === undefined).map(({ id }) => id);
  const json = {
    health: state,
    sentence,
    leader: leader?.member ?? null,
    configuration: lists,
    members: statuses,
    silent,
  };
  const text = `${statusTable(found)}\n${sentence}`;
  return { json, text, exitCode: exitCodeOf[state] };
}

/** Every second, until Ctrl-C: redrawn on a terminal, otherwise one below the other. */
async function watch(client: SynodClient, options: StatusOptions): Promise<void> {
  let stop = (): void => undefined;
  const stopped = new Promise<'stopped'>((resolve) => (stop = () => resolve('stopped')));
  // Not `once`: what restores the cursor ends the process when nobody else listens to a signal.
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const isRedrawn = options.output === 'text' && process.stdout.isTTY;
  for (;;) {
    const next = new Promise((resolve) => setTimeout(resolve, REDRAW_MS));
    const picture = await Promise.race([look(client), stopped]);
    if (picture === 'stopped') break;
    const text = picture?.text ?? absent(options).message;
    if (isRedrawn) logUpdate(text);
    else print(options, picture?.json ?? { health: 'no-answer', sentence: text }, () => text);
    if ((await Promise.race([next, stopped])) === 'stopped') break;
  }
  if (isRedrawn) logUpdate.done();
}
