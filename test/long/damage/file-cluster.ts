import path from 'node:path';
import { encodeCommand } from '../../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../../machines/src/counter/operations.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { MemoryNetwork } from '../../../node/src/transport/memory.ts';
import type { Random } from '../../simulation/random.ts';
import { Clockwork } from './clockwork.ts';
import { FileMember, WINDOW, type FileWorld } from './file-member.ts';
import { readFolder, writeFolder, type FolderImage } from './folder-image.ts';

/** Until a cluster that can go on does. */
const TICKS_AT_MOST = 4_000;
/** A client that is not answered asks again. */
const ASK_AGAIN_TICKS = 30;

/** What a client waits for. */
interface Asked {
  readonly type: 'add' | 'read';
  readonly register: string;
  readonly command: Uint8Array;
  answer: number | undefined;
}

/** Members over real files in one process, and a client that adds to the registers of a counter. */
export class FileCluster {
  readonly members: FileMember[];
  readonly registers: readonly string[];
  /** What each register has to be. */
  readonly expected: Map<string, number>;
  readonly #clockwork = new Clockwork();
  readonly #client: string;
  #first: FirstConfiguration | undefined;
  #number = 0;
  #asked: Asked | undefined;
  readonly #world: FileWorld;
  readonly #down = new Set<FileMember>();

  /**
   * @param folder of the members' folders
   * @param expected what is in the registers
   */
  constructor(
    folder: string,
    size: number,
    random: Random,
    expected: ReadonlyMap<string, number> = new Map(),
  ) {
    this.expected = new Map(expected);
    const clockwork = this.#clockwork;
    const network = new MemoryNetwork((_from, _to, deliver, data) => {
      clockwork.soon(() => deliver(data));
    });
    const world = { network, clockwork, random };
    this.#world = world;
    const names = Array.from({ length: size }, (_, i) => `n${i}`);
    this.members = names.map((name) => new FileMember(path.join(folder, name), world));
    this.registers = Array.from({ length: 24 }, (_, i) => `register ${i}`);
    this.#client = Buffer.from(Array.from({ length: 16 }, () => random.below(256))).toString('hex');
  }

  /** Starts all members, and tells the new ones. */
  begin(): void {
    for (const member of this.members) this.start(member);
    const members = this.members.map(({ id }) => id);
    this.#first ??= { clusterId: 'of-files', members, window: WINDOW };
    const unformed = this.members.filter(({ driver }) => driver === undefined);
    for (const member of unformed) member.start(this.#first);
  }

  /** A second process under the id of a member, on a copy of its folder. */
  clone(member: FileMember): FileMember {
    const clone = new FileMember(`${member.folder}-clone`, this.#world);
    writeFolder(clone.folder, readFolder(member.folder));
    this.members.push(clone);
    clone.start();
    return clone;
  }

  async tick(): Promise<void> {
    for (const member of this.members) if (!this.#down.has(member)) member.tick();
    await this.#clockwork.quiet();
  }

  /** Lets time pass until it is so. @throws Error when it does not come */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let ticks = 0; ticks < TICKS_AT_MOST; ticks++) {
      if (isSo()) return;
      await this.tick();
    }
    const found = this.members.map(({ fault, driver }) => {
      const { ballot, slotOut } = driver?.member ?? {};
      return fault?.message ?? `ballot ${ballot?.round ?? 0}, slot ${slotOut ?? 0}`;
    });
    throw new Error(`${what}: not after ${TICKS_AT_MOST} ticks; the members: ${found.join('; ')}`);
  }

  /** It is about to be down: no time passes for it. */
  async kill(member: FileMember): Promise<FolderImage> {
    this.#down.add(member);
    return member.kill();
  }

  async stop(member: FileMember): Promise<void> {
    this.#down.add(member);
    await member.stop();
  }

  start(member: FileMember): void {
    this.#down.delete(member);
    member.start(this.#first);
  }

  /** Adds one to a register. @throws Error when that is not acknowledged, or wrong */
  async add(register: string): Promise<void> {
    this.#ask('add', register);
    await this.answered();
  }

  /** Reads a register in the log. @throws Error when it is wrong */
  async check(register: string): Promise<void> {
    this.#ask('read', register);
    await this.answered();
  }

  /** Begins to add one to a register. Whether that is acknowledged, is seen in `answered`. */
  async offer(register: string, ticks: number): Promise<void> {
    this.#ask('add', register);
    for (let tick = 0; tick < ticks; tick++) {
      this.#submit(tick);
      await this.tick();
    }
  }

  /** Waits for the answer to what was asked last. @throws Error when it is wrong, or missing */
  async answered(): Promise<void> {
    const asked = this.#asked;
    if (asked === undefined) return;
    const { type, register } = asked;
    let tick = 0;
    await this.until(`an answer to ${type} of ${register}`, () => {
      this.#submit(tick++);
      return asked.answer !== undefined;
    });
    this.#asked = undefined;
    const expected = (this.expected.get(register) ?? 0) + Number(type === 'add');
    if (asked.answer !== expected) {
      throw new Error(`after ${type}, ${register} is ${asked.answer}, and not ${expected}`);
    }
    this.expected.set(register, expected);
  }

  #ask(type: 'add' | 'read', register: string): void {
    this.#number += 1;
    const number = this.#number;
    const operation =
      type === 'add' ? ({ type, register, delta: 1 } as const) : ({ type, register } as const);
    const operations = [encodeCounterOperation(operation)];
    const command = encodeCommand({ client: this.#client, number, lowest: number, operations });
    this.#asked = { type, register, command, answer: undefined };
  }

  /** As a client does that is not answered: again and again, whoever leads. */
  #submit(tick: number): void {
    const asked = this.#asked;
    if (asked === undefined || asked.answer !== undefined || tick % ASK_AGAIN_TICKS > 0) return;
    const take = (outcome: Outcome): void => {
      const [result] = outcome.ok ? outcome.results : [];
      if (result !== undefined) asked.answer ??= parseCounterResult(result)?.value ?? NaN;
    };
    for (const leader of this.#leaders) leader.submit(asked.command, take);
  }

  get #leaders(): FileMember[] {
    return this.members.filter(({ driver }) => driver?.member.leading !== undefined);
  }

  /** All that have roles have applied the same slots, and have the same state. */
  async even(): Promise<void> {
    const slots = (): Set<number | undefined> =>
      new Set(this.#serving.map(({ driver }) => driver?.member.slotOut));
    await this.until('all members at one slot', () => slots().size === 1);
    const hashes = new Set(this.#serving.map(({ stateHash }) => stateHash));
    if (hashes.size > 1) throw new Error('the states of the members differ');
  }

  get #serving(): FileMember[] {
    return this.members.filter((each) => !this.#down.has(each) && each.fault === undefined);
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }
}
