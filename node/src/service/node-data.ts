import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { FIRST_VERSION, type MachineVersion } from '../../../contract/src/machine-version.ts';
import type { Config } from '../config.ts';
import { machines } from '../machine/machines.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import type { DamageError } from '../storage/damage.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import {
  readFirstConfiguration,
  storeFirstConfiguration,
} from '../storage/first-configuration-file.ts';
import { machineErrorOf, type MachineError } from '../storage/machine-error.ts';
import { openLmdbState } from '../storage/lmdb-state.ts';
import { hasRun, logFolderOf } from '../storage/member-log.ts';
import { openMemberStorage, type MemberStorage } from '../storage/member-storage.ts';
import { setStateAside, stateSetAside } from '../storage/state-files.ts';
import type { Logger } from './logger.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * What a node has on disk: the first configuration, for ever, once it has been told, and from then
 * on the member's storage, which is closed and opened again when the member begins anew.
 */
export class NodeData {
  readonly #folder: DataFolder;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #onSetAside: () => void;
  #first: FirstConfiguration | undefined;
  #storage: MemberStorage | undefined;
  /** The state was set aside: the next opening begins another one. */
  #anew = false;
  #heard: HeardEnds = {};

  /** @param onSetAside the state is about to be gone: it comes anew */
  constructor(folder: DataFolder, config: Config, log: Logger, onSetAside: () => void) {
    this.#folder = folder;
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

  /** The name of the file in which a state that failed its checks is kept, while there is one. */
  get keptState(): string | undefined {
    return stateSetAside(this.#folder.path);
  }

  /**
   * Opens what is there; nothing, before it is told.
   * @throws DamageError, AnotherClusterError, ForeignDataError, FormatError, MachineError
   */
  open(): void {
    const { path: data, memberId, damage } = this.#folder;
    if (damage !== undefined) throw damage;
    const ran = hasRun(logFolderOf(data), memberId);
    const stored = readFirstConfiguration(data, ran);
    const derived = this.#derivedConfiguration(stored);
    const error = stored && this.machineErrorOf(stored);
    if (error !== undefined) throw error;
    this.#first = derived ? storeFirstConfiguration(data, derived, ran) : stored;
    if (this.#first === undefined) this.#log.info({ data }, 'it waits to be told');
    else this.#openStorage(this.#first);
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
    return machines[this.#config.machine];
  }

  /** Why this process has not the machine of a cluster; `undefined` when it has. */
  machineErrorOf({ machine }: FirstConfiguration): MachineError | undefined {
    return machine && machineErrorOf(machine, this.machine);
  }

  /** Stores what it is told, durably, and opens the storage. @throws as `open` */
  tell(told: FirstConfiguration): void {
    this.#first = storeFirstConfiguration(this.#folder.path, told, false);
    this.#log.info(told, 'it has been told the first configuration');
    this.#openStorage(told);
  }

  #openStorage({ clusterId, machine }: FirstConfiguration): void {
    const { path: folder, memberId, isOld } = this.#folder;
    const { mode, logBytes: keepBytes } = this.#config;
    this.#storage = openMemberStorage({
      folder: logFolderOf(folder),
      openState: (options) => openLmdbState({ folder, ...options }),
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
    const { flushedSlotOut: slotOut } = this.#storage.state;
    const { decidedMark } = this.#storage.opened.recovered;
    this.#log.info({ slotOut, decidedMark, data: folder }, 'data opened');
  }

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
    const storage = this.#storage;
    this.#storage = undefined;
    await storage?.close();
  }
}
