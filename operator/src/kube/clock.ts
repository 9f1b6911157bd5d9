/** Time that only goes forward, in milliseconds; tests turn it by hand. */
export interface Clock {
  now(): number;
  /** @returns takes it back */
  after(ms: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Between half of it and all of it: those who failed together do not come back together. */
export function jittered(ms: number, random: () => number): number {
  return ms * (0.5 + random() / 2);
}

/** The pause after so many failures in a row, doubling. */
export function backoff(
  failures: number,
  least: number,
  most: number,
  random: () => number,
): number {
  return jittered(Math.min(most, least * 2 ** Math.min(failures - 1, 30)), random);
}

/** Waits, but not beyond the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
