import { V1MicroTime, type V1Lease } from '@kubernetes/client-node';
import type { Logger } from '../../../host/src/logger.ts';
import { AlreadyExistsError, ConflictError, NotFoundError } from './api-error.ts';
import { jittered, pause, type Clock } from './clock.ts';

/** The time in which this process leads. */
export interface Term {
  /** Aborted when it is over: what is under way ends. */
  readonly signal: AbortSignal;
  /** Aborted when the process is to stop: what is under way may be finished, and nothing begun. */
  readonly ending: AbortSignal;
  /** False from the moment when another one may lead, also while nothing else could run here. */
  isHeld(): boolean;
}

/** The Lease object that is fought for. Each of these ends within a deadline. */
export interface LeaseObject {
  read(): Promise<V1Lease | undefined>;
  /** @throws AlreadyExistsError */
  create(spec: LeaseSpec): Promise<V1Lease>;
  /** @throws ConflictError when it has changed since `lease` was read */
  update(lease: V1Lease, spec: LeaseSpec): Promise<V1Lease>;
}

export type LeaseSpec = Required<
  Pick<NonNullable<V1Lease['spec']>, 'leaseDurationSeconds' | 'leaseTransitions'>
> & {
  readonly holderIdentity: string;
  readonly acquireTime: V1MicroTime;
  readonly renewTime: V1MicroTime;
};

export interface ElectionOptions {
  readonly lease: LeaseObject;
  /** Nobody else's: pods that follow one another under one name differ in it. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Told whenever the API server was heard. */
  readonly onHeard?: () => void;
}

/** Others wait so long after the last renewal that they saw. */
const LEASE_MS = 15_000;
/** The leader stops so long after it began its last renewal: well before others may begin. */
const RENEW_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Takes turns with others in leading, by a Lease. No clocks are compared: each one measures how
 * long it has not seen a renewal, and how long ago it began its own.
 */
export class Election {
  readonly #options: ElectionOptions;
  readonly #stopping = new AbortController();
  /** The Lease as it was last seen, and when it was first seen so. */
  #seen: { readonly version: string | undefined; readonly at: number } | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /**
   * Leads whenever it can, until it is told to stop.
   * @param lead ends soon after its term does, or is to
   * @throws what `lead` throws
   */
  async run(lead: (term: Term) => Promise<void>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const held = await this.#campaign();
      if (held !== undefined) await this.#lead(held.lease, held.since, lead);
    }
  }

  /** Ends the term, if there is one, once what was begun in it is finished. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Waits until this one may lead. */
  async #campaign(): Promise<{ lease: V1Lease; since: number } | undefined> {
    const { clock, random, log } = this.#options;
    let complaint = '';
    while (!this.#stopping.signal.aborted) {
      try {
        const since = clock.now();
        const lease = await this.#take();
        if (lease !== undefined) return { lease, since };
        complaint = '';
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // Others were quicker, or: once is enough to be said.
        if (!isLost(error) && message !== complaint) {
          log.warn({ err: error }, 'the Lease cannot be had');
          complaint = message;
        }
      }
      await pause(clock, jittered(RETRY_MS, random), this.#stopping.signal);
    }
    return undefined;
  }

  /** @returns `undefined` while another one may lead */
  async #take(): Promise<V1Lease | undefined> {
    const { lease: object, identity, onHeard } = this.#options;
    const lease = await object.read();
    onHeard?.();
    if (lease === undefined) return object.create(this.#spec(undefined));
    if (!this.#isFree(lease)) return undefined;
    const isMine = lease.spec?.holderIdentity === identity;
    return object.update(lease, isMine ? this.#renewed(lease) : this.#spec(lease));
  }

  #isFree({ metadata, spec }: V1Lease): boolean {
    const { clock, identity } = this.#options;
    const version = metadata?.resourceVersion;
    const now = clock.now();
    if (this.#seen === undefined || this.#seen.version !== version) {
      this.#seen = { version, at: now };
    }
    const { holderIdentity = '', leaseDurationSeconds = LEASE_MS / 1000 } = spec ?? {};
    if (holderIdentity === '' || holderIdentity === identity) return true;
    return now - this.#seen.at >= leaseDurationSeconds * 1000;
  }

  async #lead(lease: V1Lease, since: number, lead: (term: Term) => Promise<void>): Promise<void> {
    const { clock, log, identity } = this.#options;
    const lost = new AbortController();
    const ending = new AbortController();
    const state = { lease, until: since + RENEW_MS };
    const end = (why: string): void => {
      if (lost.signal.aborted) return;
      log.warn({ identity, why }, 'this operator does not lead any more');
      lost.abort(new Error(`this operator does not lead any more: ${why}`));
      ending.abort();
    };
    const finish = (): void => ending.abort();
    this.#stopping.signal.addEventListener('abort', finish);
    if (this.#stopping.signal.aborted) finish();

    log.info({ identity }, 'this operator leads');
    const done = new AbortController();
    const renewing = this.#renew(state, end, AbortSignal.any([done.signal, lost.signal]));
    try {
      await lead({
        signal: lost.signal,
        ending: ending.signal,
        isHeld: () => !lost.signal.aborted && clock.now() < state.until,
      });
    } finally {
      this.#stopping.signal.removeEventListener('abort', finish);
      done.abort();
      await renewing;
      // Nothing that this term began goes on behind it.
      lost.abort(new Error('the term is over'));
      await this.#release(state.lease);
    }
  }

  /** Renews until it is over, one way or the other. */
  async #renew(
    state: { lease: V1Lease; until: number },
    end: (why: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random, log, onHeard } = this.#options;
    const expire = (): void => end(`the Lease could not be renewed for ${RENEW_MS / 1000} s`);
    let cancel = clock.after(state.until - clock.now(), expire);
    signal.addEventListener('abort', () => cancel());
    for (;;) {
      await pause(clock, jittered(RETRY_MS, random), signal);
      if (signal.aborted) return;
      const begin = clock.now();
      const outcome = await untilAborted(this.#attempt(state.lease), signal);
      // Too late: whatever came of it, others may lead by now.
      if (outcome === undefined) return;
      if (outcome.type === 'failed') {
        log.warn({ err: outcome.error }, 'the Lease was not renewed, which is tried again');
        continue;
      }
      onHeard?.();
      if (outcome.type === 'taken') {
        end(`${outcome.by} took the Lease`);
        return;
      }
      state.lease = outcome.lease;
      state.until = begin + RENEW_MS;
      cancel();
      cancel = clock.after(state.until - clock.now(), expire);
    }
  }

  async #attempt(lease: V1Lease): Promise<Renewal> {
    const { lease: object, identity } = this.#options;
    try {
      return { type: 'renewed', lease: await object.update(lease, this.#renewed(lease)) };
    } catch (error) {
      if (!isLost(error)) return { type: 'failed', error };
    }
    // Somebody changed it, or a renewal was done whose answer got lost.
    try {
      const now = await object.read();
      if (now === undefined) {
        return { type: 'renewed', lease: await object.create(this.#spec(undefined)) };
      }
      const holder = now.spec?.holderIdentity ?? '';
      if (holder !== identity) return { type: 'taken', by: holder === '' ? 'nobody' : holder };
      return { type: 'renewed', lease: await object.update(now, this.#renewed(now)) };
    } catch (error) {
      return { type: 'failed', error };
    }
  }

  /** The next one need not wait. */
  async #release(lease: V1Lease): Promise<void> {
    const { lease: object, identity, log } = this.#options;
    try {
      await object.update(lease, this.#released(lease)).catch(async (error: unknown) => {
        if (!isLost(error)) throw error;
        // Somebody took it, or a renewal was done whose answer was not awaited.
        const now = await object.read();
        if (now?.spec?.holderIdentity !== identity) return;
        await object.update(now, this.#released(now));
      });
    } catch (error) {
      if (!isLost(error)) log.warn({ err: error }, 'the Lease was not released, and will expire');
    }
  }

  #released(lease: V1Lease): LeaseSpec {
    return { ...this.#renewed(lease), holderIdentity: '', leaseDurationSeconds: 1 };
  }

  #spec(before: V1Lease | undefined): LeaseSpec {
    const now = new V1MicroTime();
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : (before.spec?.leaseTransitions ?? 0) + 1,
    };
  }

  #renewed({ spec = {} }: V1Lease): LeaseSpec {
    const { acquireTime, leaseTransitions = 0 } = spec;
    const fresh = this.#spec(undefined);
    return { ...fresh, acquireTime: acquireTime ?? fresh.acquireTime, leaseTransitions };
  }
}

type Renewal =
  | { readonly type: 'renewed'; readonly lease: V1Lease }
  | { readonly type: 'taken'; readonly by: string }
  | { readonly type: 'failed'; readonly error: unknown };

/** Another one was quicker; that it is gone altogether is seen by reading. */
function isLost(error: unknown): boolean {
  return (
    error instanceof ConflictError ||
    error instanceof AlreadyExistsError ||
    error instanceof NotFoundError
  );
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let abort = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    abort = () => resolve(undefined);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
