import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { admit } from './bootstrap.ts';
import { FirstConfigurationFile } from './first-configuration-file.ts';
import { lastWords, nodeMain } from './node-process.ts';
import { isRunning, type ProcessId } from './running.ts';
import type { Workspace } from './workspace.ts';

const READY_DEADLINE_MS = 30_000;
const STATUS_MS = 250;

export interface LoneMemberOptions {
  readonly workspace: Workspace;
  readonly cluster: string;
  /** Where it runs: its data is there already. */
  readonly name: string;
  readonly natsUrl: string;
}

export interface LoneMember {
  readonly process: ProcessId;
  readonly status: MemberStatus;
}

/**
 * Starts a member that goes on when this process ends: until somebody ends it, or `synod up` ends
 * the cluster.
 * @returns its process, once it answers, and what it says of itself then
 * @throws Error that says where its log is
 */
export async function startLoneMember(options: LoneMemberOptions): Promise<LoneMember> {
  const { workspace, cluster, name, natsUrl } = options;
  const folder = workspace.dataOf(cluster);
  const logFile = path.join(folder, `${name}.log`);
  const where = ['--cluster', cluster, '--data', path.join(folder, name), '--nats-url', natsUrl];
  const log = fs.openSync(logFile, 'a');
  const child = spawn(process.execPath, [nodeMain, '--name', name, ...where, '--http-port', '0'], {
    detached: true,
    stdio: ['ignore', 'ignore', log],
  });
  fs.closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${name} could not be started.`);
  const started = workspace.record(child.pid, { kind: 'node', cluster, name });
  const client = await connect({ natsUrl, cluster });
  try {
    const status = await answerOf(client, name, started, logFile);
    const first = new FirstConfigurationFile(folder).read();
    if (first !== undefined) await admit(first, [status], (id, its) => client.admin.form(id, its));
    return { process: started, status };
  } finally {
    await client.close();
  }
}

async function answerOf(
  client: SynodClient,
  name: string,
  started: ProcessId,
  logFile: string,
): Promise<MemberStatus> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    const isThere = ({ name: its }: MemberStatus): boolean => its === name;
    const found = await client.admin.status({
      waitMs: STATUS_MS,
      enough: (statuses) => statuses.some(isThere),
    });
    const status = found.find(isThere);
    if (status !== undefined) return status;
    if (!isRunning(started)) {
      throw new Error(`${name} ended before it was up${lastWords(logFile)}. See ${logFile}.`);
    }
    if (performance.now() > deadline) {
      throw new Error(`${name} was not up after ${READY_DEADLINE_MS / 1000} s. See ${logFile}.`);
    }
  }
}
