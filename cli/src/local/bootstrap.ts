import { randomBytes } from 'node:crypto';
import { beginningOf } from '../../../contract/src/beginning.ts';
import {
  DEFAULT_WINDOW,
  isSameFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import type { FirstConfigurationFile } from './first-configuration-file.ts';

const CLUSTER_ID_BYTES = 8;

/** Tells one member; it may have been told the same by somebody else meanwhile. */
export type Tell = (member: string, first: FirstConfiguration) => Promise<void>;

/** The members, or a member and the file, are of different clusters. Nobody was told anything. */
export class AnotherClusterError extends Error {
  override readonly name = 'AnotherClusterError';
}

/**
 * Makes one cluster of formatted members, or goes on with the one that they belong to. It may be
 * run by many at once, and end anywhere: what is there first, the file or a member that was told,
 * is what everybody is told.
 * @param members what each of the cluster's members says of itself
 * @returns the cluster's first configuration
 * @throws AnotherClusterError, or what `tell` throws
 */
export async function bootstrap(
  file: FirstConfigurationFile,
  members: readonly MemberStatus[],
  tell: Tell,
): Promise<FirstConfiguration> {
  // Created before any member is told, and never updated: so nobody is ever told another one.
  const first = file.read() ?? file.create(reported(members) ?? begin(members));
  await admit(first, members, tell);
  return first;
}

/**
 * Tells the members that were not told yet. Whoever is not named by `first` has no vote.
 * @throws AnotherClusterError, or what `tell` throws
 */
export async function admit(
  first: FirstConfiguration,
  members: readonly MemberStatus[],
  tell: Tell,
): Promise<void> {
  for (const { name, firstConfiguration: its } of members) {
    if (its !== null && !isSameFirstConfiguration(its, first)) {
      throw new AnotherClusterError(
        `${name} is of cluster ${its.clusterId}, and the others are of ${first.clusterId}.`,
      );
    }
  }
  const untold = members.filter(({ role }) => role === 'unformed');
  await Promise.all(untold.map(({ member }) => tell(member, first)));
}

/** A member that was told knows what the cluster began with, also when the file was lost. */
function reported(members: readonly MemberStatus[]): FirstConfiguration | undefined {
  const known = members.flatMap(({ firstConfiguration: its }) => (its === null ? [] : [its]));
  const [first, ...others] = known;
  if (first === undefined) return undefined;
  const other = others.find((its) => !isSameFirstConfiguration(its, first));
  if (other === undefined) return first;
  throw new AnotherClusterError(
    `The members are of two clusters, ${first.clusterId} and ${other.clusterId}.`,
  );
}

/** A cluster that never was. */
function begin(members: readonly MemberStatus[]): FirstConfiguration {
  const damaged = members.find(({ role }) => role !== 'unformed');
  if (damaged !== undefined) {
    throw new Error(
      `${damaged.name} belonged to a cluster, but no longer knows which one: ` +
        `${damaged.alarms.join(' ')}. No new cluster is made of it.`,
    );
  }
  const beginning = beginningOf(members);
  if (typeof beginning === 'string') throw new Error(beginning);
  return {
    clusterId: randomBytes(CLUSTER_ID_BYTES).toString('hex'),
    members: members.map(({ member }) => member),
    window: DEFAULT_WINDOW,
    ...beginning,
  };
}
