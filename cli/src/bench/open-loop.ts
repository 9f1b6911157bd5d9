import { Latencies } from './latencies.ts';

/** What came back of requests that were sent at a rate, however many were open. */
export interface OpenSample {
  /** Answers that came while it was sent. */
  readonly answeredPerSecond: number;
  /** Requests that ended with an error, then or later. */
  readonly failedPerSecond: number;
  /** Of the answers, late ones too, from when the request was to be sent: what a user waits. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PAUSE_MS = 1;

/**
 * Sends requests at an even rate, and waits until each has ended.
 * @param request the n-th one; rejects where it failed
 */
export async function openLoop(
  request: (n: number) => Promise<unknown>,
  perSecond: number,
  seconds: number,
): Promise<OpenSample> {
  const latencies = new Latencies();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const all: Promise<void>[] = [];
  let answered = 0;
  let failed = 0;
  const send = async (n: number): Promise<void> => {
    const dueAt = begin + (n * 1000) / perSecond;
    try {
      await request(n);
      const now = performance.now();
      if (now < end) answered += 1;
      latencies.add(now - dueAt);
    } catch {
      failed += 1;
    }
  };
  const total = Math.round(perSecond * seconds);
  while (all.length < total) {
    const due = ((performance.now() - begin) * perSecond) / 1000;
    while (all.length < Math.min(due, total)) all.push(send(all.length));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await Promise.all(all);
  return {
    answeredPerSecond: answered / seconds,
    failedPerSecond: failed / seconds,
    p50Ms: latencies.percentile(50),
    p99Ms: latencies.percentile(99),
  };
}
