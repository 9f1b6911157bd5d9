import { Latencies } from './latencies.ts';

/** How much is asked at a time. */
export interface Load {
  /** Closed-loop clients: each has one request outstanding, which is sent on its own. */
  readonly clients: number;
  /** Commands in a request. */
  readonly packing: number;
}

/** What is put under load. */
export interface Target {
  readonly name: string;
  /** A request has one command, always. */
  readonly isSingle?: true;
  /** One request of one client; settles with its answer. */
  request(client: number, packing: number): Promise<unknown>;
}

/** What one run of a load measured. */
export interface Sample {
  readonly commandsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loads the target for a while; the warm-up before it does not count. */
export async function runLoad(
  target: Target,
  { clients, packing }: Load,
  seconds: number,
): Promise<Sample> {
  const latencies = new Latencies();
  const begin = performance.now() + Math.min(1000, seconds * 500);
  const end = begin + seconds * 1000;
  let answered = 0;
  const run = async (client: number): Promise<void> => {
    for (let sent = performance.now(); sent < end;) {
      await target.request(client, packing);
      const now = performance.now();
      if (now >= begin && now < end) {
        answered += packing;
        latencies.add(now - sent);
      }
      sent = now;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return {
    commandsPerSecond: answered / seconds,
    p50Ms: latencies.percentile(50),
    p99Ms: latencies.percentile(99),
  };
}
