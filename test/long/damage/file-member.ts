import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { parseConfig, type Config } from '../../../node/src/config.ts';
import type { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { Metrics } from '../../../node/src/metrics/metrics.ts';
import type { Driver } from '../../../node/src/service/driver.ts';
import { wire, type Wiring } from '../../../node/src/service/wiring.ts';
import { createLogger } from '../../../host/src/logger.ts';
import { MemberLife, type Run } from '../../../node/src/service/member-life.ts';
import { NodeData } from '../../../node/src/service/node-data.ts';
import { openDataFolder } from '../../../node/src/storage/data-folder.ts';
import type { MemberStorage } from '../../../node/src/storage/member-storage.ts';
import type { MemoryNetwork, MemoryTransport } from '../../../node/src/transport/memory.ts';
import type { Stamp } from '../../../node/src/transport/transport.ts';
import type { Random } from '../../simulation/random.ts';
import type { Clockwork } from './clockwork.ts';
import { readFolder, type FolderImage } from './folder-image.ts';

export const CLUSTER = 'local/files';
export const WINDOW = 64;
/** Segments are a fourth of it. */
const LOG_BYTES = 64 * 1024;

/** The settings of a member, with a log that is as short as no person may set it. */
export function configOf(folder: string): Config {
  const flags = { name: 'n0', cluster: 'files', machine: 'counter', data: folder };
  const config = parseConfig(
    Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    {},
  );
  return { ...config, logBytes: LOG_BYTES };
}

export const silent = createLogger('silent', { name: 'n0' });

export interface FileWorld {
  readonly network: MemoryNetwork;
  readonly clockwork: Clockwork;
  readonly random: Random;
}

interface Running extends Run {
  readonly driver: Driver;
  readonly applier: Applier;
  readonly transport: MemoryTransport;
}

/**
 * A member over real files, as `Node` runs one, with a network in memory. Of one process there is
 * no lock; and no HTTP.
 */
export class FileMember {
  readonly folder: string;
  readonly #world: FileWorld;
  #id = '';
  #data: NodeData | undefined;
  #life: MemberLife<Running> | undefined;
  /** Why its process has ended. */
  #ended: Error | undefined;

  constructor(folder: string, world: FileWorld) {
    this.folder = folder;
    this.#world = world;
  }

  /** Of the folder that it was started on last. */
  get id(): string {
    return this.#id;
  }

  get #running(): Running | undefined {
    return this.#life?.running;
  }

  get driver(): Driver | undefined {
    return this.#running?.driver;
  }

  /** Why it has no roles, or has ended. */
  get fault(): Error | undefined {
    return this.#ended ?? this.#life?.fault;
  }

  get stateHash(): string | undefined {
    return this.#running?.applier.stateHash();
  }

  /** @param first what it is told, when it was not told yet */
  start(first?: FirstConfiguration): void {
    this.#ended = undefined;
    this.#life = undefined;
    try {
      const folder = openDataFolder(this.folder, { cluster: CLUSTER });
      this.#id = folder.memberId;
      const data = new NodeData(folder, configOf(this.folder), silent, () => undefined);
      this.#data = data;
      this.#life = new MemberLife({
        data,
        renewsState: true,
        restore: (done) => void data.restore().then(() => done(), done),
        close: (heard, done) => void data.close(heard).then(() => done(), done),
        run: (told, storage) => this.#run(told, storage),
        refused: ({ message }) => this.#end(new Error(message)),
        halted: () => this.#leave(),
        fatal: (error) => this.#end(error),
      });
      this.#life.open();
      if (data.first === undefined && first !== undefined) this.#life.form(first);
      else this.#life.begin();
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    this.#leave();
  }

  #run(first: FirstConfiguration, { state, opened }: MemberStorage): Running {
    const { network, clockwork, random } = this.#world;
    const self = this.#id;
    const stamp = (): Stamp => driver.stamp;
    const onDropped = (): void => undefined;
    const transport = network.join({ cluster: first.clusterId, self, stamp, onDropped });
    const metrics = new Metrics({ version: '0', cluster: CLUSTER, member: self, process: false });
    const schedule = (run: () => void): void => clockwork.soon(run);
    const { driver, applier }: Wiring = wire(
      {
        ...{ self, first, machine: counterMachine, mode: 'stable', transport, metrics, schedule },
        storage: { opened: { ...opened, log: clockwork.watched(opened.log) }, state },
        packing: { batchBytes: 4096, pipeline: 4, applyBytes: 8192, heldBytes: 1 << 20 },
        now: () => performance.now(),
        random: random.next,
        quotaBytes: () => Infinity,
      },
      {
        checkpointTicks: 25,
        overlayBytes: 1 << 20,
        unwrittenBytes: 1 << 20,
        queueBytes: 1 << 20,
        maxCommandBytes: 4096,
        stallTicks: 1_000,
        alarmTicks: Infinity,
        unheardTicks: Infinity,
        unreachedTicks: Infinity,
        chunkBytes: 4096,
        compareTicks: 40,
        scrubTicks: 3,
        scrubRestTicks: 3,
        waitMs: 60_000,
        tickMs: 10,
      },
      {
        leading: () => undefined,
        applied: () => undefined,
        surveyed: () => undefined,
        reconfigured: () => undefined,
        upgraded: () => undefined,
        quotaReached: () => undefined,
        collected: () => undefined,
        dropped: () => undefined,
        restored: () => this.#life?.tookState(),
        crashed: () => undefined,
        failed: (error) => this.#life?.failed(error),
      },
    );
    return {
      ...{ driver, applier, transport },
      get heard() {
        return driver.member.heard;
      },
      fail: (error) => driver.fail(error),
      cease: () => undefined,
      end: () => network.leave(transport),
    };
  }

  /** Nobody hears it any more. */
  #leave(): void {
    if (this.#running !== undefined) this.#world.network.leave(this.#running.transport);
  }

  /** A command arrives. */
  submit(command: Uint8Array, answer: (outcome: Outcome) => void): void {
    if (this.fault === undefined) this.#running?.driver.submit(command, answer);
  }

  tick(): void {
    if (this.fault === undefined) this.#running?.driver.tick();
  }

  /** Ends it at once. @returns its folder as it was then */
  async kill(): Promise<FolderImage> {
    const image = readFolder(this.folder);
    await this.stop();
    return image;
  }

  /** Stops it in order, but that it does not say so to anybody. */
  async stop(): Promise<void> {
    await new Promise<void>((ready) => {
      if (this.#life === undefined) ready();
      else this.#life.stop(ready);
    });
    this.#leave();
    const { driver } = this;
    if (driver !== undefined && this.fault === undefined) {
      await new Promise<void>((resolve) => driver.stop(resolve));
    }
    this.#life = undefined;
    await this.#data?.close();
    this.#data = undefined;
  }
}
