import path from 'node:path';
import { encodeCommand } from '../../../contract/src/command.ts';
import { encodeCounterOperation, parseCounterResult } from '../../../contract/src/counter.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { MemoryNetwork } from '../../../node/src/transport/memory.ts';
import type { Random } from '../../simulation/random.ts';
import { Clockwork } from './clockwork.ts';
import { FileMember, WINDOW } from './file-member.ts';

/** Until a cluster that can go on does. */
const TICKS_AT_MOST = 4_000;
/** A client that is not answered asks again. */
const ASK_AGAIN_TICKS = 30;

/** Members over real files in one process, and a client that adds to the registers of a counter. */
export class FileCluster {
  readonly members: readonly FileMember[];
  readonly registers: readonly string[];
  /** What each register has to be. */
  readonly expected = new Map<string, number>();
  readonly #clockwork = new Clockwork();
  readonly #network: MemoryNetwork;
  readonly #client: string;
  #first: FirstConfiguration | undefined;
  #number = 0;
  readonly #down = new Set<FileMember>();

  /** @param folder of the members' folders */
  constructor(folder: string, size: number, random: Random) {
    const clockwork = this.#clockwork;
    this.#network = new MemoryNetwork((_from, _to, deliver, data) => {
      clockwork.soon(() => deliver(data));
    });
    const world = { network: this.#network, clockwork, random };
    const names = Array.from({ length: size }, (_, i) => `n${i}`);
    this.members = names.map((name) => new FileMember(path.join(folder, name), world));
    this.registers = Array.from({ length: 24 }, (_, i) => `register ${i}`);
    this.#client = Buffer.from(Array.from({ length: 16 }, () => random.below(256))).toString('hex');
  }

  /** What the cluster began with. */
  get first(): FirstConfiguration {
    if (this.#first === undefined) throw new Error('the cluster has not begun');
    return this.#first;
  }

  /** Starts all members, and tells the new ones. */
  begin(): void {
    for (const member of this.members) member.start();
    const members = this.members.map(({ id }) => id);
    this.#first ??= { clusterId: 'of-files', members, window: WINDOW };
    for (const member of this.members) if (member.driver === undefined) member.start(this.#first);
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
  async kill(member: FileMember): ReturnType<FileMember['kill']> {
    this.#down.add(member);
    return member.kill();
  }

  async stop(member: FileMember): Promise<void> {
    this.#down.add(member);
    await member.stop();
  }

  start(member: FileMember): void {
    this.#down.delete(member);
    member.start(this.first);
  }

  /** Adds one to a register. @throws Error when that is not acknowledged, or wrong */
  async add(register: string): Promise<void> {
    const before = this.expected.get(register) ?? 0;
    const value = await this.#ask('add', register);
    if (value !== before + 1) throw new Error(`${register} is ${value}, and was ${before}`);
    this.expected.set(register, value);
  }

  /** Reads a register in the log. @throws Error when it is wrong */
  async check(register: string): Promise<void> {
    const expected = this.expected.get(register) ?? 0;
    const value = await this.#ask('read', register);
    if (value !== expected) throw new Error(`${register} is ${value}, and has to be ${expected}`);
  }

  async #ask(type: 'add' | 'read', register: string): Promise<number> {
    this.#number += 1;
    const number = this.#number;
    const operation =
      type === 'add' ? ({ type, register, delta: 1 } as const) : ({ type, register } as const);
    const operations = [encodeCounterOperation(operation)];
    const command = encodeCommand({ client: this.#client, number, lowest: number, operations });
    let outcome: Outcome | undefined;
    let ticks = 0;
    const take = (answer: Outcome): void => {
      if (answer.ok) outcome ??= answer;
    };
    await this.until(`an answer to command ${number}`, () => {
      if (ticks++ % ASK_AGAIN_TICKS === 0)
        for (const each of this.#leaders) each.submit(command, take);
      return outcome !== undefined;
    });
    const [result] = outcome?.ok === true ? outcome.results : [];
    return parseCounterResult(result ?? new Uint8Array())?.value ?? NaN;
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
