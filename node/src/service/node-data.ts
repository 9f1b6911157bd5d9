import path from 'node:path';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { FIRST_VERSION, type MachineVersion } from '../../../contract/src/machine-version.ts';
import { heldSnapshotOf, type Snapshot } from '../../../contract/src/snapshot-file.ts';
import { RESTORE_FILE, type HeldSnapshot } from '../../../contract/src/snapshot.ts';
import type { Config } from '../config.ts';
import { machines } from '../../../machines/src/machines.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import { DamageError } from '../storage/damage.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import type { DiskFolder } from '../storage/disk-folder.ts';
import {
  FIRST_CONFIGURATION,
  readFirstConfiguration,
  storeFirstConfiguration,
} from '../storage/first-configuration-file.ts';
import { IDENTITY } from '../storage/identity.ts';
import { KeptFiles, type HeldFile, type Look } from '../storage/kept-files.ts';
import { machineErrorOf, type MachineError } from '../storage/machine-error.ts';
import { openLmdbState } from '../storage/lmdb-state.ts';
import { expectLog, hasRun, LOG, logFolderOf } from '../storage/member-log.ts';
import { openMemberStorage, type MemberStorage } from '../storage/member-storage.ts';
import {
  hasState,
  readHeldSnapshot,
  removeHeldSnapshot,
  restoreState,
  snapshotErrorOf,
} from '../storage/restored-state.ts';
import { setStateAside, STATE_FILE, stateSetAside } from '../storage/state-files.ts';
import type { Logger } from '../../../host/src/logger.ts';
import type { LifeData, TellRefusal } from './member-life.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * What a node has on disk: the first configuration, for ever, once it has been told, and from then
 * on the member's storage, which is closed and opened again when the member begins anew.
 */
export class NodeData implements LifeData {
  readonly #folder: DataFolder;
  readonly #locks: readonly HeldFile[];
  readonly #config: Config;
  readonly #log: Logger;
  readonly #onSetAside: () => void;
  #first: FirstConfiguration | undefined;
  #storage: MemberStorage | undefined;
  #snapshot: Snapshot | undefined;
  /** Before what is on disk is closed. */
  #closing: () => void = () => undefined;
  /** The state was set aside: the next opening begins another one. */
  #anew = false;
  #heard: HeardEnds = {};
  readonly #kept = new KeptFiles();
  #logFolder: DiskFolder | undefined;

  /**
   * @param onSetAside the state is about to be gone: it comes anew
   * @param locks of the folder
   */
  constructor(
    folder: DataFolder,
    config: Config,
    log: Logger,
    onSetAside: () => void,
    locks: readonly HeldFile[] = [],
  ) {
    this.#folder = folder;
    this.#locks = locks;
    this.#config = config;
    this.#log = log;
    this.#onSetAside = onSetAside;
  }

  /** `undefined` until it is told. */
  get first(): FirstConfiguration | undefined {
    return this.#first;
  }

  /** `undefined` while it is not open. */
  get storage(): MemberStorage | undefined {
    return this.#storage;
  }

  /** What this member is to begin with; `undefined` once it has, or when there is nothing. */
  get snapshot(): HeldSnapshot | undefined {
    return this.#snapshot && heldSnapshotOf(this.#snapshot);
  }

  /** It was told its cluster, and its state has to be made of the snapshot first: see `restore`. */
  get isToRestore(): boolean {
    return this.#first !== undefined && this.#storage === undefined && this.#snapshot !== undefined;
  }

  /** @param closing called each time before what is on disk is closed */
  set onClose(closing: () => void) {
    this.#closing = closing;
  }

  /** The name of the file in which a state that failed its checks is kept, while there is one. */
  get keptState(): string | undefined {
    try {
      return stateSetAside(this.#folder.path);
    } catch {
      return undefined; // The system does not say; whoever asked is told all the rest.
    }
  }

  /**
   * Opens what is there; nothing, before it is told.
   * @throws DamageError, AnotherClusterError, ForeignDataError, FormatError, MachineError
   */
  open(): void {
    const { path: data, memberId, damage, isOld } = this.#folder;
    if (damage !== undefined) throw damage;
    if (!isOld) expectLog(data);
    const ran = hasRun(logFolderOf(data), memberId);
    const stored = readFirstConfiguration(data, ran);
    const derived = this.#derivedConfiguration(stored);
    const error = stored && this.#machineErrorOf(stored);
    if (error !== undefined) throw error;
    this.#hold(ran);
    this.#first = derived ? storeFirstConfiguration(data, derived, ran) : stored;
    if (this.#first === undefined) this.#log.info({ data }, 'it waits to be told');
    else this.#begin(this.#first, ran);
    this.#keep();
  }

  /** From now on its files have to stay in their places, until it is closed. */
  #keep(): void {
    const { path: data } = this.#folder;
    this.#kept.keepFolder(data, this.#config.data);
    for (const { path: file, handle } of this.#locks) this.#kept.keep(file, handle);
    for (const name of [IDENTITY, LOG]) this.#kept.keep(path.join(data, name));
    if (this.#first !== undefined) this.#kept.keep(path.join(data, FIRST_CONFIGURATION));
    if (this.#storage !== undefined) this.#kept.keep(path.join(data, STATE_FILE));
  }

  /** Whether its files are still in their places; does not hold up the process. */
  async look(): Promise<Look> {
    const look = await this.#kept.look();
    if (look.lost !== undefined || this.#logFolder === undefined) return look;
    return { ...look, ...(await this.#logFolder.look()) };
  }

  /** Looks for a snapshot to begin with: of use only before there is a state. */
  #hold(ran: boolean): void {
    const { path: data } = this.#folder;
    if (ran || hasState(data)) {
      const had = removeHeldSnapshot(data);
      if (had) this.#log.warn({ data }, 'it has a state: the snapshot beside it is removed unread');
      return;
    }
    this.#snapshot = readHeldSnapshot(data);
    const error = this.#snapshot && machineErrorOf(this.#snapshot.header.machine, this.machine);
    if (error !== undefined) throw error;
    if (this.#snapshot !== undefined) this.#log.info(this.snapshot, 'it holds a snapshot');
  }

  /** Opens the storage, unless the state has to be restored first. */
  #begin(first: FirstConfiguration, ran: boolean): void {
    const isFresh = !ran && !hasState(this.#folder.path);
    const error = isFresh ? this.#snapshotErrorOf(first) : undefined;
    if (error !== undefined) throw new DamageError(RESTORE_FILE, 'the file', error);
    if (this.#snapshot === undefined) this.#openStorage(first);
  }

  /**
   * Makes the state of the snapshot, and opens the storage.
   * @throws DamageError, DiskError by rejection: then the next opening begins anew
   */
  async restore(): Promise<void> {
    const { path: data, memberId } = this.#folder;
    const [first, snapshot] = [this.#first, this.#snapshot];
    if (first === undefined || snapshot === undefined) return;
    await restoreState(data, { clusterId: first.clusterId, memberId }, snapshot);
    const { slot, clusterId: from } = snapshot.header;
    this.#log.info({ slot, hash: snapshot.hash, from }, 'the state was restored from a snapshot');
    removeHeldSnapshot(data);
    this.#snapshot = undefined;
    this.#openStorage(first);
  }

  /** Processes of a master's script know one another by their numbers, and so do the ids. */
  #derivedConfiguration(stored: FirstConfiguration | undefined): FirstConfiguration | undefined {
    const { namespace, cluster, derived } = this.#config;
    if (derived === undefined) return undefined;
    const { members, window } = derived;
    // Nobody tells them which versions the others have: they begin with the first one.
    const begun = { name: this.#config.machine, version: FIRST_VERSION };
    const machine = stored === undefined ? begun : stored.machine;
    return { clusterId: `${namespace}-${cluster}`, members, window, ...(machine && { machine }) };
  }

  /** The machine that this process was started with, in its newest version. */
  get machine(): MachineVersion {
    return machines[this.#config.machine].stateMachine;
  }

  /** Why this process has not the machine of a cluster; `undefined` when it has. */
  #machineErrorOf({ machine }: FirstConfiguration): MachineError | undefined {
    return machine && machineErrorOf(machine, this.machine);
  }

  /** Why this member may not be told a cluster, for the snapshot that it holds, or does not. */
  #snapshotErrorOf(first: FirstConfiguration): string | undefined {
    return snapshotErrorOf(first, this.#folder.memberId, this.snapshot);
  }

  /** Why this member may not be told a cluster; `undefined` when it may. */
  refusalOf(told: FirstConfiguration): TellRefusal | undefined {
    const machineError = this.#machineErrorOf(told);
    if (machineError !== undefined) return machineError;
    const message = this.#snapshotErrorOf(told);
    return message === undefined ? undefined : { code: 'ANOTHER_SNAPSHOT', message };
  }

  /**
   * Stores what it is told, durably, and opens the storage, unless the state has to be restored
   * first.
   * @throws as `open`
   */
  tell(told: FirstConfiguration): void {
    this.#first = storeFirstConfiguration(this.#folder.path, told, false);
    this.#log.info(told, 'it has been told the first configuration');
    this.#begin(told, false);
    this.#keep();
  }

  #openStorage({ clusterId, machine }: FirstConfiguration): void {
    const { path: folder, memberId, isOld } = this.#folder;
    const { mode, logBytes: keepBytes } = this.#config;
    const logFolder = logFolderOf(folder);
    // On demand damage beside the state is kept like all other damage.
    const cleanedUp = mode === 'stable' ? this.#cleanedUp : undefined;
    this.#storage = openMemberStorage({
      folder: logFolder,
      openState: (options) => openLmdbState({ folder, cleanedUp, ...options }),
      clusterId,
      memberId,
      machine: {
        has: this.machine,
        // A cluster that an older Synod began has the one that its members are started with.
        first: machine ?? { name: this.#config.machine, version: FIRST_VERSION },
      },
      isOld,
      keepBytes,
      segmentBytes: Math.min(keepBytes / 4, SEGMENT_BYTES),
      anew: this.#anew,
      heard: this.#heard,
      // On demand a damaged state is kept like all other damage.
      setAside: mode === 'stable' ? (damage) => this.setAside(damage) : undefined,
    });
    this.#anew = false;
    this.#logFolder = logFolder;
    this.#keep();
    const { flushedSlotOut: slotOut } = this.#storage.state;
    const { decidedMark } = this.#storage.opened.recovered;
    this.#log.info({ slotOut, decidedMark, data: folder }, 'data opened');
  }

  readonly #cleanedUp = ({ file, record, message }: DamageError): void => {
    this.#log.error({ file, record }, `${message}; it is out of the way, the state stays`);
  };

  /**
   * What is wrong with the state costs no vote: it comes anew, from the log or another member. The
   * storage is closed, or could not be opened for it.
   */
  setAside({ file, record, message }: DamageError): void {
    this.#onSetAside();
    setStateAside(this.#folder.path);
    this.#anew = true;
    this.#log.error({ file, record }, `${message}; set aside`);
  }

  /** @param heard what the member had heard of the others: a state that begins anew keeps it */
  async close(heard: HeardEnds = {}): Promise<void> {
    this.#heard = heard;
    this.#closing();
    const storage = this.#storage;
    this.#storage = undefined;
    this.#kept.forgetAll();
    this.#logFolder = undefined;
    await storage?.close();
  }
}
