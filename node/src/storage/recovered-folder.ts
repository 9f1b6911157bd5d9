import fs from 'node:fs';
import path from 'node:path';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { SESSIONS } from '../machine/sessions.ts';
import { openDataFolder } from './data-folder.ts';
import { writeDurably } from './durable-file.ts';
import { storeFirstConfiguration } from './first-configuration-file.ts';
import { syncFolder } from './folder.ts';
import type { SharedFacts } from './facts.ts';
import { commit, gather } from './gathering.ts';
import { openLmdbState } from './lmdb-state.ts';
import { readSmall } from './regular-file.ts';
import { swapIn } from './state-swap.ts';
import type { StateSnapshot, Staging } from './state.ts';

/*
 * The data folder of a new cluster's only member, made beside the one of the old cluster's member
 * whose state it gets, and put in its place. Until it is whole and durable, the old one stays.
 */

/** Ends the name of the new folder until it is whole. */
const UNFINISHED = '.recovering';
/** Ends its name from then on: it takes the place of the old one, also after a crash. */
const WHOLE = '.recovered';
/** Ends the name of an old folder, before the id of its cluster. */
const ASIDE = '.set-aside-';
/** In the new folder: the id of the cluster whose state it got. */
const FROM = 'recovered-from';
/** Far more than an id takes. */
const MOST_BYTES = 4096;

export interface RecoveredInit {
  /** The data folder of the old cluster's member. */
  readonly data: string;
  /** Namespace and name, which stay. */
  readonly cluster: string;
  readonly old: FirstConfiguration;
  readonly newClusterId: string;
  readonly snapshot: StateSnapshot;
}

/**
 * Makes the folder of a new member, who begins a cluster alone: its first configuration, and the
 * state. It has no log: as with a state that came from another member, what is below its slot is
 * the log's floor.
 * @returns the new member's first configuration, once all is durable; it is not in its place yet
 * @throws DamageError when the state fails its checks
 */
export async function makeRecovered(init: RecoveredInit): Promise<FirstConfiguration> {
  const { data, cluster, old, newClusterId, snapshot } = init;
  const path = `${data}${UNFINISHED}`;
  removeUnfinished(data);
  const { memberId } = openDataFolder(path, { cluster });
  const { machine } = snapshot.facts;
  const told = { clusterId: newClusterId, members: [memberId], window: old.window };
  const first: FirstConfiguration = { ...told, ...(machine && { machine }) };
  storeFirstConfiguration(path, first, false);
  writeFrom(path, old.clusterId);
  const ids = { clusterId: newClusterId, memberId };
  const state = openLmdbState({ folder: path, ...ids, proven: [SESSIONS] });
  try {
    await copy(snapshot, state.stage());
  } finally {
    await state.close();
  }
  // A copy that is not what it should be is noticed here, where nothing was moved yet.
  swapIn(path)?.settle();
  return first;
}

async function copy({ entries, facts }: StateSnapshot, staging: Staging): Promise<void> {
  await gather(entries, staging);
  // The first configuration of the new cluster is the only one that it has.
  await commit(staging, withoutConfigurations(facts));
}

function withoutConfigurations(facts: SharedFacts): SharedFacts {
  const { slotOut, machine, history, digests } = facts;
  return { slotOut, ...(machine && { machine }), ...(history && { history }), digests };
}

function writeFrom(folder: string, clusterId: string): void {
  writeDurably(path.join(folder, FROM), `${clusterId}\n`);
}

/** The new folder is whole, and the old one is locked. From here on the new one is the member. */
export function takePlace(data: string): void {
  rename(`${data}${UNFINISHED}`, `${data}${WHOLE}`);
  finishRecovery(data);
}

/** Before a data folder is opened, once it is locked: a whole new one takes its place. */
export function finishRecovery(data: string): void {
  const whole = `${data}${WHOLE}`;
  if (!fs.existsSync(whole)) return;
  const clusterId = readSmall(path.join(whole, FROM), MOST_BYTES).trim();
  if (fs.existsSync(data)) setFolderAside(data, clusterId);
  rename(whole, data);
}

/** Whoever has locked the data folder: a new one that was not finished is of no use. */
export function removeUnfinished(data: string): void {
  fs.rmSync(`${data}${UNFINISHED}`, { recursive: true, force: true });
}

/**
 * The data folder, which is locked, is kept under another name.
 * @returns that name
 */
export function setFolderAside(data: string, clusterId: string): string {
  const plain = `${data}${ASIDE}${clusterId}`;
  let aside = plain;
  for (let count = 2; fs.existsSync(aside); count += 1) aside = `${plain}-${count}`;
  rename(data, aside);
  return aside;
}

function rename(from: string, to: string): void {
  fs.renameSync(from, to);
  syncFolder(path.dirname(to));
}
