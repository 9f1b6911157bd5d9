import { InterruptedError } from './interrupted-error.ts';

/** What was started is to be ended, whoever waits for it. */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError('nothing that it started is left');
}

/** The result of what is under way; or, as soon as there is a signal, InterruptedError. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let abort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  signal.addEventListener('abort', abort);
  try {
    const result = await Promise.race([work, aborted]);
    refuseAborted(signal);
    return result as T;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
