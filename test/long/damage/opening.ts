import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { SESSIONS } from '../../../node/src/machine/sessions.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { expulsionBy } from '../../../node/src/paxos/admission.ts';
import { formatBallot } from '../../../node/src/paxos/ballot.ts';
import type { LogEnd } from '../../../node/src/paxos/log-end.ts';
import { Witnesses } from '../../../node/src/paxos/witnesses.ts';
import { NodeData } from '../../../node/src/service/node-data.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { AnotherClusterError } from '../../../node/src/storage/first-configuration-file.ts';
import { ForeignDataError, FormatError } from '../../../node/src/storage/format-error.ts';
import type { MemberStorage } from '../../../node/src/storage/member-storage.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { CLUSTER, configOf, silent } from './file-member.ts';

/** What a member knows that is well: its promises, and its state with all that it knows decided. */
export interface Knowledge {
  readonly memberId: string;
  readonly first: FirstConfiguration;
  readonly end: LogEnd;
  readonly promises: Promises;
  readonly applied: ReadonlyMap<string, string>;
}

interface Promises {
  readonly ballot: string;
  readonly leaderBallot: string;
  readonly decidedMark: number;
  /** By slot, what is stored. */
  readonly stored: ReadonlyMap<number, string>;
}

/**
 * - `refused`: the member has no roles, and the message names the file
 * - `right`: it has all that it had
 * - `anew`: its log is as it was, and the damaged state was set aside when it was opened
 * - `noticed`: so it is once that part of the state is read
 * - `late`: who asks gets a wrong answer from the state, until the scrub has found it
 * - `outvoted`: something is missing, and those who heard of it give it no vote
 * - `blank`: it is a new member
 *
 * and what may not be:
 * - `amnesia`: something of the log is missing, and others give it a vote
 * - `unnoticed`: the state is another one, and nothing finds that
 * - `failed`: anything else
 */
export type Outcome =
  | 'refused'
  | 'right'
  | 'anew'
  | 'noticed'
  | 'late'
  | 'outvoted'
  | 'blank'
  | 'amnesia'
  | 'unnoticed'
  | 'failed';

export interface Judgement {
  readonly outcome: Outcome;
  readonly detail: string;
}

const refusals = [
  AnotherClusterError,
  DamageError,
  ForeignDataError,
  FormatError,
  NotADataFolderError,
];

/** Opens a folder that is well, and reads all of it. */
export async function knowledgeOf(folder: string): Promise<Knowledge> {
  const { memberId, data } = open(folder);
  try {
    const { first, storage } = data;
    if (first === undefined || storage === undefined) throw new Error('it was not told');
    const applied = replay(storage);
    return { memberId, first, end: endOf(storage), promises: promisesOf(storage), applied };
  } finally {
    await data.close();
  }
}

function open(folder: string, told?: FirstConfiguration): { memberId: string; data: NodeData } {
  const found = openDataFolder(folder, { cluster: CLUSTER });
  const data = new NodeData(found, configOf(folder), silent, () => undefined);
  data.open();
  if (data.first === undefined && told !== undefined) data.tell(told);
  return { memberId: found.memberId, data };
}

function endOf({ opened }: MemberStorage): LogEnd {
  return { incarnation: opened.incarnation, sequence: opened.log.end };
}

function promisesOf({ opened }: MemberStorage): Promises {
  const { ballot, leaderBallot, decidedMark, stored } = opened.recovered;
  const values = stored.map(({ slot, ballot: accepted, value }) => {
    const bytes = value.map((command) => Buffer.from(command).toString('hex'));
    return [slot, `${formatBallot(accepted)} ${bytes.join()}`] as const;
  });
  return {
    ballot: formatBallot(ballot),
    leaderBallot: formatBallot(leaderBallot),
    decidedMark,
    stored: new Map(values),
  };
}

/** All entries of the state once what the log knows to be decided is applied, too. */
function replay({ opened, state }: MemberStorage): Map<string, string> {
  const { decidedMark, stored } = opened.recovered;
  const applier = new Applier(counterMachine, state.tables, {});
  for (const { slot, value } of stored) if (slot < decidedMark) applier.apply(slot, value);
  applier.save();
  return new Map(entriesOf(state));
}

function* entriesOf(state: StateStore): Generator<[string, string]> {
  for (const table of [...counterMachine.tables, SESSIONS]) {
    for (const [key, value] of state.tables.range(table)) {
      yield [`${table} ${key}`, Buffer.from(value).toString('hex')];
    }
  }
}

/** Opens a folder that was damaged, as a node does. @param knew what the member knew before */
export async function judge(folder: string, knew: Knowledge): Promise<Judgement> {
  let opened: ReturnType<typeof open>;
  try {
    opened = open(folder, knew.first);
  } catch (error) {
    return refusal(error);
  }
  const { memberId, data } = opened;
  try {
    const { storage, keptState } = data;
    if (memberId !== knew.memberId) return { outcome: 'blank', detail: memberId };
    if (storage === undefined) return { outcome: 'failed', detail: 'nothing was opened' };
    const missing = missingIn(promisesOf(storage), knew.promises);
    const isOlder = endOf(storage).sequence < knew.end.sequence;
    if (missing !== undefined || isOlder) {
      const isOut = isOutvoted(endOf(storage), knew.end);
      return { outcome: isOut ? 'outvoted' : 'amnesia', detail: missing ?? 'the log is shorter' };
    }
    const isAnew = keptState !== undefined || storage.state.facts.origin === 'anew';
    return isAnew ? { outcome: 'anew', detail: '' } : judgeState(storage, knew);
  } finally {
    await data.close();
  }
}

function refusal(error: unknown): Judgement {
  const detail = String(error);
  const isRefusal = refusals.some((each) => error instanceof each);
  const files = /\.log|superblock|identity\.json|first-configuration\.json|state\.mdb/;
  const names = files.test(detail) || detail.includes('log is damaged at the folder');
  return { outcome: isRefusal && names ? 'refused' : 'failed', detail };
}

/** What the member promised, and does not know any more. */
function missingIn(now: Promises, before: Promises): string | undefined {
  for (const key of ['ballot', 'leaderBallot'] as const) {
    if (now[key] !== before[key]) return `${key} ${now[key]}, not ${before[key]}`;
  }
  const [oldest = 0] = now.stored.keys();
  for (const [slot, value] of before.stored) {
    if (now.stored.get(slot) !== value && slot >= oldest) return `slot ${slot}`;
  }
  return now.decidedMark < before.decidedMark ? 'the decided mark' : undefined;
}

/** Whether somebody who heard how far the log went gives it no vote. */
function isOutvoted(now: LogEnd, before: LogEnd): boolean {
  const witnesses = new Witnesses({});
  witnesses.heard('member', before);
  witnesses.heard('member', now);
  const testimony = witnesses.testimonyFor('member', now.incarnation);
  return expulsionBy('witness', now, testimony) !== undefined;
}

function judgeState(storage: MemberStorage, knew: Knowledge): Judgement {
  let now: Map<string, string>;
  try {
    now = replay(storage);
  } catch (error) {
    const isNoticed = error instanceof DamageError && error.file === 'state.mdb';
    return { outcome: isNoticed ? 'noticed' : 'failed', detail: String(error) };
  }
  const keys = new Set([...now.keys(), ...knew.applied.keys()]);
  const wrong = [...keys].find((key) => now.get(key) !== knew.applied.get(key));
  if (wrong === undefined) return { outcome: 'right', detail: '' };
  const found = scrubbed(storage.state);
  return {
    outcome: found === undefined ? 'unnoticed' : 'late',
    detail: `${wrong}; ${found ?? ''}`,
  };
}

/** What two rounds of the scrub find. */
function scrubbed(state: StateStore): string | undefined {
  try {
    for (let slice = 0; slice < 100; slice++) state.scrub();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Of two copies of one folder that both run, what a member says who hears them in turn. */
export async function judgeClone(folder: string, copy: string): Promise<Judgement> {
  const runs = [open(folder), open(copy)];
  try {
    const ends = runs.map(({ data }) => data.storage && endOf(data.storage));
    const witnesses = new Witnesses({});
    const all = ends.filter((end) => end !== undefined);
    for (const end of all) witnesses.heard('member', end);
    const voting = all.filter((end) => {
      const testimony = witnesses.testimonyFor('member', end.incarnation);
      return expulsionBy('witness', end, testimony) === undefined;
    });
    const outcome = all.length === 2 && voting.length === 0 ? 'outvoted' : 'amnesia';
    return { outcome, detail: `${all.length} run, ${voting.length} vote` };
  } finally {
    for (const { data } of runs) await data.close();
  }
}
