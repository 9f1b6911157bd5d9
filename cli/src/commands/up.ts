import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { DEFAULT_CLUSTER } from '../../../contract/src/subjects.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { abortable } from '../local/abortable.ts';
import { clusterFlag } from '../local/cluster-flag.ts';
import { dialExternalNats } from '../local/folder-nats.ts';
import { FirstConfigurationFile } from '../local/first-configuration-file.ts';
import { InterruptedError } from '../local/interrupted-error.ts';
import { LocalCluster } from '../local/local-cluster.ts';
import { holdsSnapshot } from '../local/restore.ts';
import { end } from '../local/running.ts';
import { Workspace } from '../local/workspace.ts';
import { CommandError, failureJson } from './command-error.ts';
import { complaint } from './complaint.ts';
import { linesOf } from './lines.ts';
import { LiveView } from './live-view.ts';
import { chatLog } from '../../../machines/src/chat-log/calls.ts';

export interface UpOptions {
  /** Without it, as many as there are in the folder, or three. */
  readonly nodes?: number;
  readonly cluster: string;
  readonly output: 'text' | 'json';
}

const NODES = 3;
const DECIDE_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 8_000;

const say = (what: string): void => void process.stderr.write(`${what}\n`);

/** Starts the cluster, takes lines to append until the end of input or Ctrl-C, and stops it. */
export async function up(options: UpOptions): Promise<void> {
  const signal = stopping();
  const workspace = new Workspace('.');
  const { cluster } = options;
  refuseSecond(workspace, cluster);
  await dialExternalNats(process.env);
  const members = workspace.membersOf(cluster);
  const nodes = options.nodes ?? membersHere(workspace, cluster);
  refuseUnlike(workspace, cluster, nodes);
  say(`Starting ${nodes} member(s) of cluster ${cluster}; their data is below .synod/`);
  sayAbsent(members, nodes);
  const local = await start(workspace, cluster, nodes, signal);
  let code: number = exitCodes.ok;
  let client: SynodClient | undefined;
  try {
    const { natsUrl } = local;
    client = await connect({ natsUrl, cluster, deadlineMs: DECIDE_DEADLINE_MS });
    sayWhere(natsUrl, cluster);
    const isLive = process.stdin.isTTY && process.stdout.isTTY;
    if (isLive) await new LiveView({ client, local, workspace, cluster, signal }).run();
    else code = await appendLines(client, options, signal);
  } finally {
    await client?.close();
    // Some may have been started again by "synod start".
    const others = workspace.nodesOf(cluster).filter(({ pid }) => !isOwn(local, pid));
    await Promise.all(others.map((node) => end(node, STOP_DEADLINE_MS)));
    await local.stop();
  }
  process.exit(code);
}

/** Of Ctrl-C, of a request to end, and of a terminal or reader that is gone: nothing is left. */
function stopping(): AbortSignal {
  const stop = new AbortController();
  // Not `once`: a second one would end the process while it stops what it started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());
  return stop.signal;
}

function refuseSecond(workspace: Workspace, cluster: string): void {
  const running = workspace.nodesOf(cluster).map(({ name = '' }) => name);
  if (running.length === 0) return;
  const where = clusterFlag(cluster);
  throw new CommandError(
    `Cluster ${cluster} runs in this folder already: ${running.join(', ')}. ` +
      `"synod status${where}" shows it, and "synod append <text>${where}" appends to it. ` +
      'Ctrl-C where it was started stops it.',
    exitCodes.failed,
  );
}

/** A cluster begins with a snapshot that all hold: before anything is made in their folders. */
function refuseUnlike(workspace: Workspace, cluster: string, nodes: number): void {
  const folder = workspace.dataOf(cluster);
  if (new FirstConfigurationFile(folder).read() !== undefined) return;
  const names = Array.from({ length: nodes }, (_, i) => `n${i}`);
  const without = names.filter((name) => !holdsSnapshot(path.join(folder, name)));
  const held = names.filter((name) => !without.includes(name));
  if (held.length === 0 || without.length === 0) return;
  const where = clusterFlag(cluster);
  const first = numberOf(without[0] ?? '');
  const begin =
    first === held.length
      ? `Begin with "synod up${where} --nodes ${first}"; then "synod up${where} --nodes ${nodes}" ` +
        'starts the others, and says how each gets a vote. Or restore'
      : 'Restore';
  throw new CommandError(
    `${held.join(', ')} of cluster ${cluster} ${held.length === 1 ? 'holds' : 'hold'} a snapshot ` +
      `to begin with, and ${without.join(', ')} ${without.length === 1 ? 'does' : 'do'} not: ` +
      `nothing was started. ${begin} it for all of them: ` +
      `"synod snapshot restore <file>${where} --nodes ${nodes}".`,
    exitCodes.failed,
  );
}

async function start(
  workspace: Workspace,
  cluster: string,
  nodes: number,
  signal: AbortSignal,
): Promise<LocalCluster> {
  try {
    return await LocalCluster.start({ workspace, cluster, nodes, say, signal });
  } catch (error) {
    if (error instanceof InterruptedError) await workspace.endIdleNats();
    else refuseSecond(workspace, cluster); // Another one was a little faster.
    throw error;
  }
}

function isOwn(local: LocalCluster, pid: number): boolean {
  return local.names.some((name) => local.node(name)?.pid === pid);
}

/**
 * Those that have data here, and those that the cluster began with. Where none began, those that a
 * snapshot was restored for, or three.
 */
function membersHere(workspace: Workspace, cluster: string): number {
  const folder = workspace.dataOf(cluster);
  const members = workspace.membersOf(cluster);
  const isRestored = members.some((name) => holdsSnapshot(path.join(folder, name)));
  const first = new FirstConfigurationFile(folder).read();
  const began = first?.members.length ?? (isRestored ? 1 : NODES);
  return Math.max(began, ...members.map((name) => numberOf(name) + 1));
}

/** Members are n0, n1, … */
function numberOf(name: string): number {
  return Number(/^n(\d)$/.exec(name)?.[1] ?? -1);
}

/** Fewer are started than there are. */
function sayAbsent(members: readonly string[], nodes: number): void {
  const absent = members.filter((name) => numberOf(name) >= nodes);
  if (absent.length === 0) return;
  say(
    `This folder has the data of ${members.length} members. Not started, as --nodes is ${nodes}: ` +
      `${absent.join(', ')}. Without --nodes all are.`,
  );
}

/** So that others can connect. */
function sayWhere(natsUrl: string, cluster: string): void {
  say(`NATS is at ${natsUrl}. For programs, and for synod in other folders:`);
  say(`  export SYNOD_NATS_URL=${natsUrl}`);
  if (cluster !== DEFAULT_CLUSTER) say(`  export SYNOD_CLUSTER=${cluster}`);
}

/** Appends each line of standard input, in order, and prints its slot. */
async function appendLines(
  client: SynodClient,
  options: UpOptions,
  signal: AbortSignal,
): Promise<number> {
  let failed = false;
  for await (const line of linesOf(process.stdin, signal)) {
    if (line.length === 0) continue;
    const text = line.toString();
    try {
      if (!isUtf8(line)) throw notText();
      const { slot, position, existed } = await abortable(
        client.machine(chatLog).append(text),
        signal,
      );
      const json = JSON.stringify({ slot, position, existed, text });
      process.stdout.write(`${options.output === 'json' ? json : `${slot}\t${text}`}\n`);
    } catch (error) {
      failed = true;
      const isJson = options.output === 'json';
      say(isJson ? failureJson(unknownEnd(error), { text }) : complaint(text, unknownEnd(error)));
    }
  }
  return failed ? exitCodes.failed : exitCodes.ok;
}

function notText(): CommandError {
  return new CommandError(
    'The line is not UTF-8, and was not appended. Convert it: iconv -f <encoding> -t UTF-8.',
    exitCodes.failed,
    'INVALID_ARGUMENT',
  );
}

/** A line that was under way when it was interrupted. */
function unknownEnd(error: unknown): unknown {
  if (!(error instanceof InterruptedError)) return error;
  return new Error('It was interrupted; whether the line was appended is not known.');
}
