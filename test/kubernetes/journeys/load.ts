import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { until } from '../lab/deadline.ts';
import { say } from './journey.ts';
import { NatsDoor } from './nats-door.ts';
import type { Release } from './release.ts';
import { counter } from '../../../machines/src/counter/calls.ts';

const WRITERS = 32;
/** Between two commands of a writer: four hundred a second, if they are answered at once. */
const PAUSE_MS = 80;
const DEADLINE_MS = 20_000;
const WRITES_MS = 60_000;
/** So long a stop is said when it ends: where in a journey it was. */
const SAID_MS = 2_000;

/** Commands of one register, whose answers count up. The last one may have no known outcome. */
interface Chain {
  readonly register: string;
  acknowledged: number;
  isOpen: boolean;
}

export interface Outage {
  readonly writes: number;
  readonly perSecond: number;
  /** The longest time in which no writer had an answer. */
  readonly longestMs: number;
  /** Commands whose outcome the client does not know. */
  readonly unknown: number;
}

/**
 * Writers that add 1 to registers all the time, on the machine that hides no second run of a
 * command. A command whose outcome is not known is not sent again: its register is left, and it
 * may be found or not.
 */
export class Load {
  readonly #client: SynodClient;
  readonly #door: NatsDoor;
  readonly #folder: string;
  /** What the names of its registers begin with. */
  readonly #id = randomBytes(4).toString('hex');
  readonly #chains: Chain[] = [];
  readonly #positions = new Set<number>();
  readonly #complaints: string[] = [];
  #stops = false;
  #writers: Promise<void>[] = [];
  #marked = 0;
  #since = performance.now();
  #last = performance.now();
  #longest = 0;
  #writes = 0;

  private constructor(client: SynodClient, door: NatsDoor, folder: string) {
    this.#client = client;
    this.#door = door;
    this.#folder = folder;
  }

  /** Connects from the host to the NATS servers of the release, with the Secret of writers. */
  static async start(release: Release): Promise<Load> {
    const folder = await mkdtemp(path.join(tmpdir(), 'synod-load-'));
    await keepSecret(release, 1, folder);
    const door = await NatsDoor.open(release);
    const client = await connect({
      natsUrl: door.url,
      natsCredentialsDir: folder,
      cluster: release.name,
      namespace: release.namespace,
      deadlineMs: DEADLINE_MS,
    });
    const load = new Load(client, door, folder);
    load.#writers = Array.from({ length: WRITERS }, (_, writer) => load.#write(writer));
    return load;
  }

  /** From its next connection on it is another user. */
  useGeneration(release: Release, generation: number): Promise<void> {
    return keepSecret(release, generation, this.#folder);
  }

  /** Begins to measure anew. */
  mark(): void {
    this.#since = this.#last = performance.now();
    this.#longest = 0;
    this.#writes = 0;
    this.#marked = this.#chains.filter(({ isOpen }) => isOpen).length;
  }

  /** Waits until so many more writes were acknowledged. */
  async writesMore(count: number): Promise<void> {
    const before = this.#writes;
    const enough = (): boolean => this.#writes - before >= count;
    await until(`${count} more writes were acknowledged`, WRITES_MS, () =>
      Promise.resolve(enough()),
    );
  }

  /** How long writes stop meanwhile is the lab's doing, and not looked at. */
  async unmeasured(work: () => Promise<void>): Promise<void> {
    const longest = this.#longestYet();
    try {
      await work();
    } finally {
      this.#longest = longest;
      this.#last = performance.now();
    }
  }

  /** What happened since the last mark. */
  outage(): Outage {
    const now = performance.now();
    return {
      writes: this.#writes,
      perSecond: Math.round((this.#writes * 1000) / (now - this.#since)),
      longestMs: Math.round(this.#longestYet()),
      unknown: this.#chains.filter(({ isOpen }) => isOpen).length - this.#marked,
    };
  }

  #longestYet(): number {
    return Math.max(this.#longest, performance.now() - this.#last);
  }

  /**
   * Reads the registers whose last command has no known outcome; of the others every answer said
   * that all is right.
   * @returns what is wrong: a sentence each
   */
  async complaints(): Promise<string[]> {
    const open = this.#chains.filter(({ isOpen }) => isOpen);
    return [...this.#complaints, ...(await this.compare(open))];
  }

  /** Reads registers that nobody writes any more, through the log; @returns what is wrong */
  async compare(chains: readonly Readonly<Chain>[]): Promise<string[]> {
    const found: string[] = [];
    for (const { register, acknowledged, isOpen } of chains) {
      const { value } = await this.#client.machine(counter).read(register);
      const isRight = value === acknowledged || (isOpen && value === acknowledged + 1);
      if (!isRight) found.push(`${register}: ${value}, though ${acknowledged} were acknowledged`);
    }
    return found;
  }

  async stop(): Promise<void> {
    this.#stops = true;
    await Promise.all(this.#writers);
    await this.#client.close();
    this.#door.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Of each register: what the last acknowledged answer was, and whether one more may be there. */
  get registers(): readonly Readonly<Chain>[] {
    return this.#chains;
  }

  async #write(writer: number): Promise<void> {
    for (let n = 0; !this.#stops; n += 1) {
      const chain: Chain = {
        register: `${this.#id}-${writer}-${n}`,
        acknowledged: 0,
        isOpen: false,
      };
      this.#chains.push(chain);
      while (await this.#add(chain)) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** @returns whether there is to be another one */
  async #add(chain: Chain): Promise<boolean> {
    try {
      const { value, position } = await this.#client.machine(counter).add(chain.register, 1);
      const now = performance.now();
      const gap = now - this.#last;
      this.#longest = Math.max(this.#longest, gap);
      if (gap >= SAID_MS) say(`writes go on, after ${Math.round(gap)} ms`);
      this.#last = now;
      this.#writes += 1;
      chain.acknowledged += 1;
      if (value !== chain.acknowledged) {
        this.#complaints.push(`${chain.register}: ${value} after ${chain.acknowledged} adds`);
      }
      if (this.#positions.has(position)) this.#complaints.push(`position ${position} twice`);
      this.#positions.add(position);
      return !this.#stops;
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      chain.isOpen = true;
      return false;
    }
  }
}

/** Puts name and password of a writer where a client reads them whenever it connects. */
async function keepSecret(release: Release, generation: number, folder: string): Promise<void> {
  const name = `${release.name}-nats-writer-${generation}`;
  const { data } = await release.get<{ data: Record<string, string> }>('secret', name);
  for (const [key, value] of Object.entries(data)) {
    writeFileSync(path.join(folder, key), Buffer.from(value, 'base64'));
  }
}
