import type { MemberStatus } from '../../../contract/src/status.ts';

/** How long the members' logs were at one time. */
export interface LogSample {
  readonly seconds: number;
  /** By the member's name; who did not answer in time is not there. */
  readonly logBytes: Readonly<Record<string, number>>;
}

/** How long the logs became while a cluster was filled. */
export interface LogGrowth {
  /** What the nodes were told to keep: `--log-bytes`. */
  readonly limitBytes: number;
  readonly members: readonly MemberLog[];
  readonly samples: readonly LogSample[];
}

export interface MemberLog {
  readonly name: string;
  readonly mostBytes: number;
  readonly lastBytes: number;
}

export function logGrowth(limitBytes: number, samples: readonly LogSample[]): LogGrowth {
  const names = new Set(samples.flatMap(({ logBytes }) => Object.keys(logBytes)));
  const members = [...names].sort().map((name) => {
    const sizes = samples.flatMap(({ logBytes }) => logBytes[name] ?? []);
    return { name, mostBytes: Math.max(...sizes), lastBytes: sizes.at(-1) ?? NaN };
  });
  return { limitBytes, members, samples };
}

const INTERVAL_MS = 1_000;

/** Looks at the logs once a second. */
export class LogSampler {
  readonly #status: () => Promise<MemberStatus[]>;
  readonly #samples: LogSample[] = [];
  readonly #begin = performance.now();
  readonly #timer: NodeJS.Timeout;
  #look = Promise.resolve();

  constructor(status: () => Promise<MemberStatus[]>) {
    this.#status = status;
    this.#timer = setInterval(() => this.#next(), INTERVAL_MS);
  }

  #next(): void {
    this.#look = this.#look.then(async () => this.#take(await this.#status()));
  }

  #take(members: readonly MemberStatus[]): void {
    const logBytes = Object.fromEntries(members.map(({ name, logBytes }) => [name, logBytes]));
    this.#samples.push({ seconds: (performance.now() - this.#begin) / 1000, logBytes });
  }

  /**
   * @param last how all members are at the end
   * @returns what it saw
   */
  async stop(last: readonly MemberStatus[]): Promise<readonly LogSample[]> {
    clearInterval(this.#timer);
    await this.#look;
    this.#take(last);
    return this.#samples;
  }
}
