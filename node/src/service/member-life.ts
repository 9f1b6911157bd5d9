import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import {
  isSameFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { FormAnswer } from '../../../contract/src/form.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import { DamageError } from '../storage/damage.ts';
import { LostFileError } from '../storage/kept-files.ts';
import type { MemberStorage } from '../storage/member-storage.ts';
import { isOfState } from '../storage/state-files.ts';
import { HaltError } from './halt-error.ts';

/** Why a member may not be told a cluster. */
export interface TellRefusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Called once. @param error when it failed */
type Done = (error?: Error) => void;

/** What a member has on disk, between one run and the next. */
export interface LifeData {
  /** `undefined` until it is told; then for ever. */
  readonly first: FirstConfiguration | undefined;
  /** `undefined` while it is not open. */
  readonly storage: MemberStorage | undefined;
  /** It was told its cluster, and its state has to be made of a snapshot first. */
  readonly isToRestore: boolean;
  /** @throws DamageError, and errors that end the process */
  open(): void;
  refusalOf(told: FirstConfiguration): TellRefusal | undefined;
  /** Stores durably what it is told, and opens the storage. @throws as `open` */
  tell(told: FirstConfiguration): void;
  /** The state failed its checks: it comes anew, once it is opened again. */
  setAside(damage: DamageError): void;
}

/** A member with its roles, from the opening of its storage until that is closed. */
export interface Run {
  readonly heard: HeardEnds;
  /** Something of what it writes is wrong: it stops, and its life hears of it as `failed`. */
  fail(error: Error): void;
  /** It has failed: it can still be looked at, and does nothing. */
  cease(): void;
  /** Nothing of it stays. */
  end(): void;
}

export interface LifePorts<R extends Run> {
  readonly data: LifeData;
  /** Makes the state of the snapshot that it holds, and opens the storage. */
  restore(done: Done): void;
  /** @param heard what the member had heard of the others: a state that begins anew keeps it */
  close(heard: HeardEnds | undefined, done: Done): void;
  /** Whether a damaged state comes anew; else it is kept like all other damage. */
  readonly renewsState: boolean;
  /** Gives the member its roles, over storage that is open. */
  run(first: FirstConfiguration, storage: MemberStorage): R;
  /** It was told a cluster that it may not join. */
  refused(refusal: TellRefusal): void;
  /** From now on it has no roles, and stays up for a person to look at. */
  halted(error: DamageError | HaltError): void;
  /** The process has to end. */
  fatal(error: Error): void;
}

/**
 * A member from the start of its process to the end: it is told its cluster, runs, begins again
 * from what is on disk when another member's state came or the own one was damaged, and stays
 * without roles when a person has to look. Where files are closed meanwhile, nothing else begins.
 */
export class MemberLife<R extends Run> {
  readonly #ports: LifePorts<R>;
  /** Why it has no roles: its data is damaged, or a person has to look. */
  #fault: DamageError | HaltError | undefined;
  #running: R | undefined;
  /** Its files are being closed, or made: it has no roles, and gets them when that is over. */
  #isBetween = false;
  #isStopping = false;
  /** Who wants it to stop waits for its files. */
  #waiting: (() => void)[] = [];

  constructor(ports: LifePorts<R>) {
    this.#ports = ports;
  }

  get fault(): DamageError | HaltError | undefined {
    return this.#fault;
  }

  get running(): R | undefined {
    return this.#running;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get #mayBegin(): boolean {
    return this.#fault === undefined && !this.#isStopping;
  }

  /** Opens what is on disk; what is damaged is kept, and the member stays without roles. */
  open(): void {
    this.#unlessDamaged(() => this.#ports.data.open());
  }

  /** It gets its roles, if it has been told its cluster, no fault was found, and it is to stay. */
  begin(): void {
    if (!this.#mayBegin) return;
    const { data } = this.#ports;
    if (!data.isToRestore) return this.#run();
    this.#isBetween = true;
    this.#ports.restore((error) => this.#goOn(error, () => this.#run()));
  }

  /** Stores what this member is told, and begins: it stays in that cluster for ever. */
  form(told: FirstConfiguration): FormAnswer {
    const { data } = this.#ports;
    const { first } = data;
    if (first !== undefined) {
      return isSameFirstConfiguration(first, told)
        ? { ok: true, clusterId: told.clusterId }
        : { ok: false, code: 'ANOTHER_CLUSTER' };
    }
    if (this.#fault !== undefined) return { ok: false, code: 'DAMAGED' };
    const refusal = data.refusalOf(told);
    if (refusal !== undefined) {
      this.#ports.refused(refusal);
      return { ok: false, code: refusal.code };
    }
    if (!this.#unlessDamaged(() => data.tell(told))) return { ok: false, code: 'DAMAGED' };
    this.begin();
    return { ok: true, clusterId: told.clusterId };
  }

  /** Another member's state was taken, and is on disk: another run begins from there. */
  tookState(): void {
    this.#restart(() => undefined);
  }

  /** Something of the data is wrong: whoever writes stops first. */
  fail(error: Error): void {
    if (this.#running !== undefined) this.#running.fail(error);
    else this.failed(error);
  }

  /** The run has failed, or what is on disk could not be read. */
  failed(error: Error): void {
    const { data, renewsState } = this.#ports;
    const isFault = error instanceof DamageError || error instanceof HaltError;
    if (!isFault) return this.#ports.fatal(error);
    const isLost = error instanceof LostFileError; // What it had stays open.
    if (!isLost && isOfState(error) && renewsState) {
      return this.#restart(() => data.setAside(error));
    }
    this.#halt(error);
    this.#running?.cease();
  }

  /**
   * Nothing begins from now on: what it is told is kept for its next start.
   * @param ready called once no file is being closed or made: the run that is there may be stopped
   */
  stop(ready: () => void): void {
    this.#isStopping = true;
    if (!this.#isBetween) return ready();
    this.#waiting.push(ready);
  }

  #run(): void {
    const { first, storage } = this.#ports.data;
    if (first === undefined || storage === undefined) return;
    this.#running = this.#ports.run(first, storage);
  }

  /**
   * The member begins again from what is on disk, as after a crash.
   * @param change what is done to the state while it is closed
   */
  #restart(change: () => void): void {
    if (this.#isBetween || !this.#mayBegin) return;
    this.#isBetween = true;
    const heard = this.#running?.heard;
    this.#running?.end();
    this.#running = undefined;
    this.#ports.close(heard, (error) => {
      this.#goOn(error, () => {
        change();
        this.open();
        this.#run();
      });
    });
  }

  /** Files were closed, or made: what comes next, unless it is to stop or a fault was found. */
  #goOn(error: Error | undefined, next: () => void): void {
    this.#isBetween = false;
    try {
      this.#unlessDamaged(() => {
        if (error !== undefined) throw error;
        if (this.#mayBegin) next();
      });
    } catch (thrown) {
      this.#ports.fatal(thrown as Error);
    }
    for (const ready of this.#waiting.splice(0)) ready();
  }

  /** @returns whether it was done */
  #unlessDamaged(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#halt(error);
      return false;
    }
  }

  #halt(error: DamageError | HaltError): void {
    this.#fault = error;
    this.#ports.halted(error);
  }
}
