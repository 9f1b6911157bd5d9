import { randomUUID } from 'node:crypto';
import { DEFAULT_WINDOW } from '../../../contract/src/first-configuration.ts';
import type { Snapshot, SnapshotHeader } from '../../../contract/src/snapshot-file.ts';
import { RESTORE_FILE, SLOT_MARGIN } from '../../../contract/src/snapshot.ts';
import { parseConfig, type Config } from '../config.ts';
import { machines } from '../../../machines/src/machines.ts';
import { isOfClients } from '../machine/sessions.ts';
import { DamageError } from '../storage/damage.ts';
import { openDataFolder } from '../storage/data-folder.ts';
import { Digests, entryHash, seedOfCluster } from '../storage/digest.ts';
import { checkDigests, readHeldSnapshot } from '../storage/restored-state.ts';
import { STATE_FILE } from '../storage/state-files.ts';
import type { StateStore } from '../storage/state.ts';
import { tableOf } from '../storage/table-key.ts';
import type { Logger } from '../../../host/src/logger.ts';
import { NodeData } from './node-data.ts';

/*
 * A throw-away member: it begins with the snapshot in its data folder, as the only voter of a
 * cluster of its own, and speaks with nobody. So a snapshot is known to be of use.
 */

const [NAMESPACE, CLUSTER, NAME] = ['local', 'trial', 'trial'];

/** The snapshot is of a machine that this Synod has not; `message` is a sentence. */
export class UnknownMachineError extends Error {
  override readonly name = 'UnknownMachineError';

  constructor(machine: string) {
    super(`It is of the machine ${machine}, and this version of Synod has none of that name.`);
  }
}

/**
 * Makes the state of the snapshot as a member does that is told its cluster; opens all of it anew,
 * as after a restart; and compares what is then read with what the old member's state had.
 * @returns what it began with
 * @throws DamageError, MachineError, UnknownMachineError, DiskError, or what the system says
 */
export async function tryMember(folder: string, log: Logger): Promise<Snapshot> {
  const snapshot = readHeldSnapshot(folder);
  if (snapshot === undefined) throw new DamageError(RESTORE_FILE, 'the file', 'it is missing');
  const config = configOf(folder, snapshot.header);
  await begin(config, snapshot, log);
  await withData(config, log, ({ storage }) => {
    if (storage === undefined) throw new DamageError(STATE_FILE, 'the file', 'it is missing');
    check(storage.state, snapshot.header);
  });
  return snapshot;
}

function configOf(folder: string, { machine: { name } }: SnapshotHeader): Config {
  if (!Object.hasOwn(machines, name)) throw new UnknownMachineError(name);
  const flags = {
    ...{ namespace: NAMESPACE, cluster: CLUSTER, name: NAME, data: folder, machine: name },
    mode: 'on-demand', // It sets no damaged state aside, to go on without it.
  };
  return parseConfig(
    Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    {},
  );
}

async function begin(config: Config, { header, hash }: Snapshot, log: Logger): Promise<void> {
  const { machine, slot } = header;
  await withData(config, log, async (data, memberId) => {
    const told = { clusterId: randomUUID(), members: [memberId], window: DEFAULT_WINDOW };
    data.tell({ ...told, machine, snapshot: { slot, hash } });
    await data.restore();
  });
}

async function withData(
  config: Config,
  log: Logger,
  work: (data: NodeData, memberId: string) => void | Promise<void>,
): Promise<void> {
  const folder = openDataFolder(config.data, { cluster: `${NAMESPACE}/${CLUSTER}` });
  const data = new NodeData(folder, config, log, () => undefined);
  data.open();
  try {
    await work(data, folder.memberId);
  } finally {
    await data.close();
  }
}

/** @throws DamageError */
function check(state: StateStore, header: SnapshotHeader): void {
  const { slotOut, machine } = state.facts;
  const { name, version } = header.machine;
  const isSame = machine?.name === name && machine.version === version;
  if (!isSame || slotOut !== header.slot + SLOT_MARGIN) {
    throw new DamageError(STATE_FILE, 'its facts', 'they are not those of the snapshot');
  }
  const seed = seedOfCluster(header.clusterId);
  const found = new Digests();
  const read = state.snapshot();
  try {
    for (const [key, value = new Uint8Array(0)] of { [Symbol.iterator]: () => read.entries }) {
      const table = tableOf(key);
      if (isOfClients(table)) continue;
      found.replace(table, undefined, entryHash(Buffer.from(key, 'latin1'), value, seed));
    }
  } finally {
    read.close();
  }
  checkDigests(STATE_FILE, header, found);
}
