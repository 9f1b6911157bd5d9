import { FIRST_VERSION } from '../../contract/src/machine-version.ts';
import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { StateMachine } from '../../machines/src/port/state-machine.ts';
import type { HeardEnds } from '../../node/src/paxos/log-end.ts';
import type { LifeData, TellRefusal } from '../../node/src/service/member-life.ts';
import { DamageError } from '../../node/src/storage/damage.ts';
import { FIRST_CONFIGURATION } from '../../node/src/storage/first-configuration-file.ts';
import { formatLog, hasRun } from '../../node/src/storage/member-log.ts';
import { openMemberStorage, type MemberStorage } from '../../node/src/storage/member-storage.ts';
import { MemoryFile, MemoryStateDisk } from '../../node/src/storage/memory-file.ts';
import { MemoryFolder } from '../../node/src/storage/memory-folder.ts';
import { openMemoryState } from '../../node/src/storage/memory-state.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

const SEGMENT_BYTES = 8 * 1024;

type Schedule = (run: () => void) => void;

export interface SimulatedDataOptions {
  readonly disk: SimulatedDisk;
  readonly memberId: string;
  readonly machine: StateMachine;
  readonly keepBytes: number;
  readonly random: () => number;
  readonly onLog: Schedule;
  readonly onState: Schedule;
  /** Told when the state is about to be gone. */
  readonly onSetAside: () => void;
}

/** What a simulated process has on its disk, as `NodeData` has it on a real one. */
export class SimulatedData implements LifeData {
  /** A snapshot to begin with is not simulated. */
  readonly isToRestore = false;
  readonly #options: SimulatedDataOptions;
  #storage: MemberStorage | undefined;
  #folder: MemoryFolder | undefined;
  #tables: MemoryFile | undefined;
  #anew = false;
  #heard: HeardEnds = {};

  constructor(options: SimulatedDataOptions) {
    this.#options = options;
  }

  get first(): FirstConfiguration | undefined {
    return this.#options.disk.first;
  }

  get storage(): MemberStorage | undefined {
    return this.#storage;
  }

  open(): void {
    const { disk, memberId, onLog } = this.#options;
    const folder = new MemoryFolder(disk.log, onLog);
    if (!disk.isFormatted) formatLog(folder, memberId);
    disk.isFormatted = true;
    this.#folder = folder;
    if (disk.first !== undefined) this.#openStorage(folder, disk.first);
    else if (hasRun(folder, memberId))
      throw new DamageError(FIRST_CONFIGURATION, 'the file', 'it is missing');
  }

  refusalOf(): TellRefusal | undefined {
    return undefined;
  }

  tell(told: FirstConfiguration): void {
    this.#options.disk.first = told;
    if (this.#folder !== undefined) this.#openStorage(this.#folder, told);
  }

  #openStorage(folder: MemoryFolder, { clusterId }: FirstConfiguration): void {
    const { disk, memberId, machine, keepBytes, random, onState } = this.#options;
    this.#storage = openMemberStorage({
      ...{ folder, clusterId, memberId, keepBytes, random },
      openState: (options) => {
        this.#tables = new MemoryFile(disk.state, onState);
        return openMemoryState(this.#tables, options);
      },
      machine: { has: machine, first: { name: machine.name, version: FIRST_VERSION } },
      segmentBytes: SEGMENT_BYTES,
      anew: this.#anew,
      heard: this.#heard,
      setAside: () => this.setAside(),
    });
    this.#anew = false;
  }

  setAside(): void {
    this.#options.onSetAside();
    this.#options.disk.state = new MemoryStateDisk();
    this.#anew = true;
  }

  /** What is being written is lost. */
  close(heard: HeardEnds = {}): void {
    this.#heard = heard;
    this.#folder?.close();
    this.#tables?.crash();
    this.#storage = undefined;
  }

  /** The power fails: of what is being written to the log, those blocks stay. */
  crash(keeps: (block: number) => boolean): void {
    this.#folder?.crash(keeps);
    this.close();
  }

  /** From now on every write to the log fails; or none does. */
  set logFailure(failure: Error | undefined) {
    if (this.#folder !== undefined) this.#folder.failure = failure;
  }

  /** From now on every write to the state fails. */
  set stateFailure(failure: Error) {
    if (this.#tables !== undefined) this.#tables.failure = failure;
  }
}
