import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Kubectl } from './kubectl.ts';

export const RESOURCE = 'paxosclusters.paxos.synod.dev';

/* What the status of a PaxosCluster says (docs/kubernetes.md, "State"). A new one has none yet. */

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  /** A sentence for a person. */
  readonly message: string;
}

export interface MemberRow {
  /** The pod. */
  readonly name: string;
  readonly id?: string;
  readonly role: string;
  /** Why it is damaged, has halted, or waits. */
  readonly reason?: string;
  readonly ready: boolean;
  readonly caughtUp: boolean;
  readonly version?: string;
}

export interface PaxosCluster {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status?: {
    readonly phase?: string;
    readonly leader?: string;
    readonly clusterId?: string;
    readonly conditions?: readonly Condition[];
    readonly members?: readonly MemberRow[];
  };
}

export function conditionOf({ status }: PaxosCluster, type: string): Condition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}

export function holds(cluster: PaxosCluster, type: string): boolean {
  return conditionOf(cluster, type)?.status === 'True';
}

/** @param all of all namespaces, and not only of the one that kubectl is in */
export async function clustersOf(kubectl: Kubectl, all = false): Promise<readonly PaxosCluster[]> {
  const found = await kubectl.json('get', RESOURCE, ...(all ? ['--all-namespaces'] : []));
  return (found as { readonly items: readonly PaxosCluster[] }).items;
}

/**
 * The cluster of that name; without a name, the only one of the namespace.
 * @throws CommandError when there is no such cluster, or more than one to choose from
 */
export async function clusterOf(kubectl: Kubectl, name?: string): Promise<PaxosCluster> {
  const all = await clustersOf(kubectl);
  const found = name === undefined ? all : all.filter(({ metadata }) => metadata.name === name);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw missing(all, name);
}

/**
 * The cluster that has a member in that pod.
 * @throws CommandError when there is none, or it has not said its id
 */
export async function memberOf(
  kubectl: Kubectl,
  pod: string,
): Promise<{ readonly cluster: PaxosCluster; readonly member: MemberRow; readonly id: string }> {
  const all = await clustersOf(kubectl);
  for (const cluster of all) {
    const member = cluster.status?.members?.find(({ name }) => name === pod);
    if (member === undefined) continue;
    if (member.id !== undefined) return { cluster, member, id: member.id };
    const sentence = `${pod} has not said which member it is: there is nothing to name.`;
    throw new CommandError(sentence, exitCodes.failed);
  }
  const pods = all.flatMap(({ status }) => status?.members?.map(({ name }) => name) ?? []);
  const known = pods.length > 0 ? `There are ${pods.join(', ')}.` : 'There is no member at all.';
  throw new CommandError(
    `No cluster of this namespace has a member in ${pod}. ${known}`,
    exitCodes.failed,
  );
}

function missing(all: readonly PaxosCluster[], name: string | undefined): CommandError {
  const names = all.map(({ metadata }) => metadata.name).join(', ');
  if (all.length === 0) {
    const where = 'Name another one with --namespace';
    return new CommandError(
      `There is no PaxosCluster in this namespace. ${where}.`,
      exitCodes.failed,
    );
  }
  if (name === undefined) {
    return new CommandError(
      `There is more than one cluster: name one of ${names}.`,
      exitCodes.usage,
    );
  }
  return new CommandError(
    `There is no PaxosCluster ${name}. This namespace has ${names}.`,
    exitCodes.failed,
  );
}
