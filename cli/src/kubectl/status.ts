import Table from 'cli-table3';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { printable } from '../commands/printable.ts';
import { shortId } from '../commands/short-id.ts';
import type { Kubectl } from './kubectl.ts';
import { clusterOf, clustersOf, conditionOf, holds, type PaxosCluster } from './paxos-cluster.ts';

export interface KubectlStatusOptions {
  readonly allNamespaces?: boolean;
  readonly output: 'text' | 'json';
}

/** How a cluster is, by what its status says: the words and exit codes of `synod status`. */
type Health = 'healthy' | 'degraded' | 'not-serving';

const exits: Readonly<Record<Health, number>> = {
  healthy: exitCodes.ok,
  degraded: exitCodes.degraded,
  'not-serving': exitCodes.notServing,
};

/** Shows one cluster, or all; ends with the exit code of the one that is worst. */
export async function status(
  kubectl: Kubectl,
  name: string | undefined,
  options: KubectlStatusOptions,
): Promise<void> {
  const clusters =
    name === undefined
      ? await clustersOf(kubectl, options.allNamespaces)
      : [await clusterOf(kubectl, name)];
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify(clusters.map(summary))}\n`);
  } else {
    const texts = clusters.map(statusText);
    const nothing = 'There is no PaxosCluster here. --all-namespaces looks further.';
    process.stdout.write(`${texts.length === 0 ? nothing : texts.join('\n\n')}\n`);
  }
  process.exitCode = Math.max(exitCodes.ok, ...clusters.map((each) => exits[healthOf(each)]));
}

export function healthOf(cluster: PaxosCluster): Health {
  if (holds(cluster, 'Ready')) return 'healthy';
  return holds(cluster, 'Available') ? 'degraded' : 'not-serving';
}

function summary(cluster: PaxosCluster): object {
  const { namespace, name } = cluster.metadata;
  const { phase = null, leader = null, conditions = [], members = [] } = cluster.status ?? {};
  return { namespace, name, health: healthOf(cluster), phase, leader, conditions, members };
}

const sentences: Readonly<Record<Health, string>> = {
  healthy: 'It is as its spec asks for, and serves.',
  degraded: 'It serves, and something is not as it should be.',
  'not-serving': 'It does not serve.',
};

/** One look: what is wrong first, then the members. */
export function statusText(cluster: PaxosCluster): string {
  const { namespace, name } = cluster.metadata;
  const { phase = 'new', leader } = cluster.status ?? {};
  const wrong = wrongOf(cluster).map((sentence) => `  ${printable(sentence)}`);
  const lines = [`${namespace}/${name}: ${phase}. ${sentences[healthOf(cluster)]}`, ...wrong];
  const members = cluster.status?.members ?? [];
  if (members.length === 0) return lines.join('\n');
  const table = new Table({
    head: ['pod', 'member', 'role', 'ready', 'caught up', 'version', 'says'],
    style: { head: [], border: [] },
  });
  for (const { name: pod, id, role, ready, caughtUp, version, reason } of members) {
    const leads = pod === leader ? `${role}, leads` : role;
    const state = [ready ? 'yes' : 'no', caughtUp ? 'yes' : 'no'];
    const says = printable(reason ?? '');
    table.push([pod, id === undefined ? '' : shortId(id), leads, ...state, version ?? '', says]);
  }
  return [...lines, table.toString()].join('\n');
}

/** What the operator says is amiss, the worst first. */
function wrongOf(cluster: PaxosCluster): string[] {
  const amiss: readonly (readonly [type: string, status: string])[] = [
    ['QuorumLost', 'True'],
    ['Available', 'False'],
    ['Available', 'Unknown'],
    ['Degraded', 'True'],
    ['NATSReachable', 'False'],
    ['Progressing', 'True'],
    ['Paused', 'True'],
  ];
  const found = amiss.flatMap(([type, status]) => {
    const condition = conditionOf(cluster, type);
    return condition?.status === status ? [`${type}: ${condition.message}`] : [];
  });
  return [...new Set(found)];
}
