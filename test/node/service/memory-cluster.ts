import { encodeChatOperation, parseChatResult } from '../../../machines/src/chat-log/operations.ts';
import { encodeCommand } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { Applier } from '../../../node/src/machine/applier.ts';
import { chatLogMachine } from '../../../machines/src/chat-log/machine.ts';
import { Metrics } from '../../../node/src/metrics/metrics.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import type { Driver } from '../../../node/src/service/driver.ts';
import { wire, type Wiring } from '../../../node/src/service/wiring.ts';
import { MemoryDisk, MemoryFolder } from '../../../node/src/storage/memory-folder.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { formatLog } from '../../../node/src/storage/member-log.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import { openSegmentLog } from '../../../node/src/storage/log-opening.ts';
import type { Stamp } from '../../../node/src/transport/transport.ts';
import { MemoryNetwork, type MemoryTransport } from '../../../node/src/transport/memory.ts';
import { Random } from '../../simulation/random.ts';

const CLUSTER = 'local/memory';
const SEGMENT_BYTES = 64 * 1024;
/** So many of a client's commands are unanswered at most. */
const MOST_OPEN = 2_000;
export const ALARM_TICKS = 200;
export const UNWRITTEN_BYTES = 1 << 20;

/** What a member's process is, and what of it survives a power cut. */
interface Running {
  readonly driver: Driver;
  readonly applier: Applier;
  readonly folder: MemoryFolder;
  readonly tables: MemoryFile;
  readonly transport: MemoryTransport;
  alive: boolean;
}

/** Of a member's disk. */
export type Part = 'log' | 'state';

interface Disks {
  readonly log: MemoryDisk;
  state: MemoryStateDisk;
}

/**
 * Members with their drivers in one process: production code over a network and disks in memory.
 * Everything that would take time waits in one list, and `run` does what a seed picks next.
 */
export class MemoryCluster {
  readonly members: readonly string[];
  readonly #random: () => number;
  readonly #loss: number;
  readonly #keepBytes: number;
  readonly #network: MemoryNetwork;
  readonly #running = new Map<string, Running>();
  readonly #disks = new Map<string, Disks>();
  #tasks: (() => void)[] = [];
  /** What stalled disks were asked to do. */
  #unfinished: (() => void)[] = [];
  #isStalled: (member: string, part: Part) => boolean = () => false;
  #lost: Message['type'] | undefined;
  #now = 0;
  #number = 0;
  /** Why messages were dropped, at any member. */
  readonly dropped: string[] = [];
  /** What a message may have. */
  messageBytes = Infinity;
  /** What may wait in a member. */
  queueBytes = 1 << 20;

  /**
   * @param loss share of the messages that are lost; as many again are duplicated
   * @param keepBytes of its log a member keeps even if it could go
   */
  constructor(size: number, seed: number, loss: number, keepBytes = 0) {
    this.#keepBytes = keepBytes;
    this.members = Array.from({ length: size }, (_, i) => `n${i}`);
    this.#random = new Random(seed).next;
    this.#loss = loss;
    this.#network = new MemoryNetwork((_from, _to, deliver, data) => {
      const luck = this.#random();
      if (luck >= this.#loss) this.#later(() => deliver(data));
      if (luck >= 1 - this.#loss) this.#later(() => deliver(data));
    });
    for (const member of this.members) {
      this.#disks.set(member, { log: new MemoryDisk(), state: new MemoryStateDisk() });
      this.start(member);
    }
  }

  #later(task: () => void): void {
    this.#tasks.push(task);
  }

  /** @param anew whether its state was set aside meanwhile: it begins with its log alone */
  start(self: string, anew = false): void {
    const disks = this.#disks.get(self);
    if (disks === undefined) throw new Error(`no member ${self}`);
    if (anew) disks.state = new MemoryStateDisk();
    const running = { alive: true };
    // What a process has asked for ends with it.
    const schedule = (run: () => void): void => {
      this.#later(() => {
        if (running.alive) run();
      });
    };
    const onDisk = (part: Part) => {
      return (run: () => void): void => {
        if (this.#isStalled(self, part)) this.#unfinished.push(() => schedule(run));
        else schedule(run);
      };
    };
    const folder = new MemoryFolder(disks.log, onDisk('log'));
    const tables = new MemoryFile(disks.state, onDisk('state'));
    const ids = { clusterId: CLUSTER, memberId: self };
    if (folder.list().length === 0) formatLog(folder, self);
    const state = openMemoryState(tables, { ...ids, anew });
    const keepBytes = this.#keepBytes;
    const files = { folder, segmentBytes: SEGMENT_BYTES, keepBytes, random: this.#random };
    const opened = openSegmentLog({ ...files, ...ids, state: state.facts });
    const metrics = new Metrics({ version: '0', cluster: CLUSTER, member: self, process: false });
    const onDropped = (): void => undefined;
    const stamp = (): Stamp => driver.stamp;
    const transport = this.#network.join({
      ...{ cluster: CLUSTER, self, stamp, onDropped },
      maxFrameBytes: () => this.messageBytes,
    });
    const now = (): number => this.#now;
    const first = { clusterId: CLUSTER, members: this.members, window: 64 };
    const storage = { opened, state };
    const queueBytes = (): number => this.queueBytes;
    const { driver, applier }: Wiring = wire(
      {
        ...{ self, first, storage, machine: chatLogMachine, mode: 'stable' },
        packing: { batchBytes: 4096, pipeline: 4, applyBytes: 8192, heldBytes: 1 << 20 },
        ...{ transport, metrics, schedule, now },
        ...{ random: this.#random, quotaBytes: () => Infinity },
      },
      {
        checkpointTicks: 7,
        overlayBytes: 1 << 20,
        unwrittenBytes: UNWRITTEN_BYTES,
        get queueBytes() {
          return queueBytes();
        },
        maxCommandBytes: 4096,
        stallTicks: 100,
        unheardTicks: 200,
        unreachedTicks: 200,
        alarmTicks: ALARM_TICKS,
        chunkBytes: 1024,
        compareTicks: 20,
        scrubTicks: 3,
        scrubRestTicks: 3,
        waitMs: 5_000,
        tickMs: 10,
      },
      {
        leading: () => undefined,
        applied: () => undefined,
        surveyed: () => undefined,
        reconfigured: () => undefined,
        collected: () => undefined,
        dropped: (why) => this.dropped.push(why),
        restored: () => this.#restored(self),
        upgraded: () => undefined,
        quotaReached: () => undefined,
        crashed: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
    );
    driver.filter = (effects) => ({ effects: this.#lessLost(effects), crash: false });
    this.#running.set(self, Object.assign(running, { driver, applier, folder, tables, transport }));
  }

  /** Another member's state is on its disk: it begins again from that, as a process does. */
  #restored(self: string): void {
    const running = this.#running.get(self);
    if (running === undefined) return;
    running.alive = false;
    running.folder.close();
    running.tables.crash();
    this.#network.leave(running.transport);
    this.#running.delete(self);
    this.start(self);
  }

  /** The member that leads; with the highest ballot, when an old one does not know better yet. */
  get leader(): string | undefined {
    const leading = this.members
      .map((member) => ({ member, ballot: this.#running.get(member)?.driver.member.leading }))
      .sort((a, b) => (b.ballot?.round ?? -1) - (a.ballot?.round ?? -1));
    return leading[0]?.ballot === undefined ? undefined : leading[0].member;
  }

  driverOf(member: string): Driver {
    const driver = this.#running.get(member)?.driver;
    if (driver === undefined) throw new Error(`${member} does not run`);
    return driver;
  }

  /** Whom a member says that it has not heard for long. */
  unheardBy(member: string): readonly string[] {
    return this.#running.get(member)?.driver.unheard ?? [];
  }

  /** What a member says that a person should look at: the codes. */
  alarmsOf(member: string): readonly string[] {
    return this.#running.get(member)?.driver.alarms.map(({ code }) => code) ?? [];
  }

  /** Why a member cannot serve, in a sentence. */
  outageOf(member: string): string | undefined {
    return this.#running.get(member)?.driver.outage?.sentence;
  }

  /** From now on nobody sends messages of that type. */
  losing(type: Message['type'] | undefined): void {
    this.#lost = type;
  }

  #lessLost(effects: readonly Effect[]): Effect[] {
    return effects.filter((effect) => effect.type !== 'send' || effect.message.type !== this.#lost);
  }

  /** Hands a text to a member. @param answered told once, if ever */
  append(
    member: string,
    text: string,
    answered: (outcome: Outcome) => void,
    client = 'ab'.repeat(16),
  ): void {
    this.#number += 1;
    const operations = [encodeChatOperation({ type: 'append', text })];
    const number = this.#number;
    const lowest = Math.max(1, number - MOST_OPEN);
    const command = { client, number, lowest, operations };
    this.#running.get(member)?.driver.submit(encodeCommand(command), answered);
  }

  /** A member sends another one what a test says. */
  say(from: string, to: string, message: Message): void {
    this.#running.get(from)?.transport.send(to, [message]);
  }

  /**
   * Processes that no configuration names send a member a message each.
   * @returns what is sent to them, as it comes
   */
  strangers(names: readonly string[], to: string, message: Message): Message[] {
    const heard: Message[] = [];
    const stamp = (): Stamp => ({ end: { incarnation: { count: 1, random: 1 }, sequence: 0 } });
    for (const self of names) {
      const onDropped = (): void => undefined;
      const end = this.#network.join({ cluster: CLUSTER, self, stamp, onDropped });
      end.onMessage((_from, answer) => heard.push(answer));
      end.send(to, [message]);
    }
    return heard;
  }

  /** The same command each time, as a client sends it again. */
  again(member: string, number: number, answered: (outcome: Outcome) => void): void {
    const operations = [encodeChatOperation({ type: 'append', text: 'again' })];
    const command = { client: 'cc'.repeat(16), number, lowest: 1, operations };
    this.#running.get(member)?.driver.submit(encodeCommand(command), answered);
  }

  /** Ticks pass; between two of them everything happens that can, in any order. */
  run(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      this.#now += 10;
      for (const { driver } of this.#running.values()) driver.tick();
      this.step(400);
    }
  }

  /** From now on, no write becomes durable until `resumeDisks`. @param where on all disks */
  stallDisks(where: (member: string, part: Part) => boolean = () => true): void {
    this.#isStalled = where;
  }

  resumeDisks(): void {
    const unfinished = this.#unfinished;
    this.#unfinished = [];
    this.#isStalled = () => false;
    for (const resume of unfinished) resume();
  }

  /** So many things happen, and no time passes. */
  step(steps: number): void {
    for (let left = steps; this.#tasks.length > 0 && left > 0; left--) this.#one();
  }

  #one(): void {
    const at = Math.floor(this.#random() * this.#tasks.length);
    const task = this.#tasks[at];
    const last = this.#tasks.pop();
    if (at < this.#tasks.length && last !== undefined) this.#tasks[at] = last;
    task?.();
  }

  /**
   * The power fails for these members.
   * @param kept share of the blocks that were written and not synced, and are there all the same
   */
  powerCut(members: readonly string[], kept: number): void {
    for (const member of members) {
      const running = this.#running.get(member);
      if (running === undefined) continue;
      running.alive = false;
      running.folder.crash(() => this.#random() < kept);
      running.tables.crash();
      this.#network.leave(running.transport);
      this.#running.delete(member);
    }
  }

  /** The texts that a member has applied. */
  textsOf(member: string): readonly string[] {
    const read = encodeChatOperation({ type: 'read', from: 0, limit: 1_000_000 });
    const page = this.#running.get(member)?.applier.query(read);
    const result = parseChatResult(page ?? new Uint8Array());
    return result.type === 'texts' ? result.texts : [];
  }

  /** How many texts a member has applied. */
  totalOf(member: string): number {
    const read = encodeChatOperation({ type: 'read', from: 0, limit: 0 });
    const page = this.#running.get(member)?.applier.query(read);
    const result = parseChatResult(page ?? new Uint8Array());
    return result.type === 'texts' ? result.total : 0;
  }

  stateHash(member: string): string | undefined {
    return this.#running.get(member)?.applier.stateHash();
  }
}
