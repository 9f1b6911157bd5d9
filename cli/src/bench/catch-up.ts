import fs from 'node:fs';
import path from 'node:path';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { encodeChatOperation } from '../../../machines/src/chat-log/operations.ts';
import type { Workspace } from '../local/workspace.ts';
import { Answers } from './answers.ts';
import { DEADLINE_MS, type BenchCluster } from './bench-cluster.ts';
import { summariseCatchUp, type CatchUpReport, type CatchUpRun } from './catch-up-summary.ts';
import { ClosedLoop } from './closed-loop.ts';
import { COMMAND_BYTES } from './cluster-target.ts';
import { nodeLog } from './node-log.ts';
import { NodeMetrics } from './node-metrics.ts';
import type { Progress } from './progress.ts';
import { pause, until } from './until.ts';

export interface CatchUpOptions {
  readonly workspace: Workspace;
  /** The name of the cluster. */
  readonly name: string;
  /** What `--log-bytes` of its nodes is: much less than the texts have. */
  readonly logBytes: number;
  /** Of texts, before a blank member comes. */
  readonly stateMib: number;
  /** Of the load before a blank member comes. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly progress: Progress;
}

const CLIENTS = 64;
const TEXT_BYTES = 64 * 1024;
const TEXTS_AT_A_TIME = 16;
const MIB = 1024 * 1024;
const TRANSFER_DEADLINE_MS = 600_000;

/**
 * Fills a cluster whose logs are too short for who comes late. Then, under a load that goes on all
 * the time, blank members come one after the other, and take the state of a member.
 */
export async function catchUp(
  measured: BenchCluster,
  options: CatchUpOptions,
): Promise<CatchUpReport> {
  const { repetitions, seconds, progress } = options;
  const texts = await fillWithTexts(measured, options);
  const answers = new Answers();
  let answered = 0;
  const load = new ClosedLoop(measured.target, CLIENTS, answers);
  const runs: CatchUpRun[] = [];
  try {
    await pause(seconds); // It gets going.
    await shortLogs(measured, options);
    for (let round = 1; round <= repetitions; round++) {
      const name = `n${measured.names.length + round - 1}`;
      const run = new CatchUp(measured, options, answers, name, (what) => {
        progress(round - 1, repetitions, `catch-up, round ${round}: ${what}`);
      });
      runs.push(await run.measure(() => texts + (answered + answers.length) * COMMAND_BYTES));
      answered += answers.length;
      answers.clear();
    }
  } finally {
    await load.stop();
  }
  return summariseCatchUp(CLIENTS, runs);
}

/** Until then a blank member might be given the log, and need no state. */
async function shortLogs(measured: BenchCluster, { logBytes }: CatchUpOptions): Promise<void> {
  const { names } = measured;
  await until('logs without their beginning', DEADLINE_MS, async () => {
    const members = await measured.status();
    const areShort = members.every((member) => member.logBytes <= 2 * logBytes);
    return members.length === names.length && areShort ? true : undefined;
  });
}

/** @returns how many bytes of texts there are */
async function fillWithTexts(
  { client }: BenchCluster,
  { stateMib, progress }: CatchUpOptions,
): Promise<number> {
  const count = Math.ceil((stateMib * MIB) / TEXT_BYTES);
  for (let i = 0; i < count; i += TEXTS_AT_A_TIME) {
    progress(i, count, `catch-up: ${stateMib} MiB of texts`);
    const texts = Array.from({ length: TEXTS_AT_A_TIME }, (_, j) =>
      client.propose([textOf(i + j)]),
    );
    await Promise.all(texts);
  }
  return count * TEXT_BYTES;
}

function textOf(number: number): Uint8Array {
  return encodeChatOperation({ type: 'append', text: `${number} `.padEnd(TEXT_BYTES, 'synod ') });
}

/** One blank member, from before its start to its end. */
class CatchUp {
  readonly #measured: BenchCluster;
  readonly #options: CatchUpOptions;
  readonly #answers: Answers;
  readonly #name: string;
  readonly #tell: (what: string) => void;

  constructor(
    measured: BenchCluster,
    options: CatchUpOptions,
    answers: Answers,
    name: string,
    tell: (what: string) => void,
  ) {
    this.#measured = measured;
    this.#options = options;
    this.#answers = answers;
    this.#name = name;
    this.#tell = tell;
  }

  /** @param textBytes how many bytes of texts there are by now */
  async measure(textBytes: () => number): Promise<CatchUpRun> {
    const { cluster, names } = this.#measured;
    this.#tell('the clients alone');
    const leader = await this.#measured.leader();
    await this.#scrape(leader.name); // What the loop did before does not count.
    const quietFrom = performance.now();
    await pause(this.#options.seconds);
    const quietTo = performance.now();
    const quiet = await this.#scrape(leader.name);
    const sentBefore = await this.#chunksSent();

    this.#tell('a blank member takes the state');
    const started = performance.now();
    await cluster.startMember(this.#name);
    await this.#scrape(leader.name);
    const here = await until('the state at the blank member', TRANSFER_DEADLINE_MS, () =>
      this.#logged("another member's state is here; going on from it"),
    );
    const streaming = await this.#scrape(leader.name);
    const bytes = textBytes();
    this.#tell('it learns the rest');
    await this.#even(names.length + 1);
    const even = performance.now();

    const told = this.#logged('member runs') ?? started;
    const sentAfter = await this.#chunksSent();
    const sent = names.map((_, i) => (sentAfter[i] ?? 0) - (sentBefore[i] ?? 0));
    await this.#remove();
    return {
      textBytes: bytes,
      startSeconds: (told - started) / 1000,
      transferSeconds: (here - told) / 1000,
      evenSeconds: (even - started) / 1000,
      sender: names[sent.indexOf(Math.max(...sent))] ?? '',
      leader: leader.name,
      quiet: { ...this.#clients(quietFrom, quietTo), leaderHeldMs: quiet.heldMs },
      streaming: { ...this.#clients(told, here), leaderHeldMs: streaming.heldMs },
    };
  }

  #clients(from: number, to: number): { commandsPerSecond: number; p99Ms: number } {
    const answered = this.#answers.count(from, to);
    const p99Ms = this.#answers.percentile(99, from, to);
    return { commandsPerSecond: (answered * 1000) / (to - from), p99Ms };
  }

  async #scrape(name: string): Promise<NodeMetrics> {
    const { workspace, name: cluster } = this.#options;
    const lines = nodeLog(workspace, cluster, name);
    const port = lines.findLast(({ message }) => message === 'http listens')?.port;
    if (port === undefined) throw new Error(`${name} serves no HTTP`);
    return NodeMetrics.scrape(port);
  }

  /** By each voter. */
  async #chunksSent(): Promise<number[]> {
    const scraped = this.#measured.names.map((name) => this.#scrape(name));
    return (await Promise.all(scraped)).map(({ chunksSent }) => chunksSent);
  }

  /** When the blank member logged that first, on this process' clock. */
  #logged(message: string): number | undefined {
    const { workspace, name: cluster } = this.#options;
    const line = nodeLog(workspace, cluster, this.#name).find((each) => each.message === message);
    return line === undefined ? undefined : line.time - performance.timeOrigin;
  }

  /** It has applied all that the leader had applied when it was asked the time before. */
  async #even(members: number): Promise<void> {
    let target = Infinity;
    await until('the blank member at the slot of the leader', DEADLINE_MS, async () => {
      const found = await this.#measured.status(members);
      const blank = found.find(({ name }) => name === this.#name);
      const isEven = (blank?.slotOut ?? 0) >= target;
      target = slotOfLeader(found) ?? target;
      return isEven ? true : undefined;
    });
  }

  async #remove(): Promise<void> {
    const { workspace, name: cluster } = this.#options;
    await this.#measured.kill(this.#name);
    fs.rmSync(path.join(workspace.dataOf(cluster), this.#name), { recursive: true, force: true });
  }
}

function slotOfLeader(members: readonly MemberStatus[]): number | undefined {
  return members.find(({ role }) => role === 'leader')?.slotOut;
}
