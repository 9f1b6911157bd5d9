import { isDeepStrictEqual } from 'node:util';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Condition, PaxosClusterStatus } from '../api/status.ts';
import type { Note } from '../observation/note.ts';
import type { Observation } from '../observation/observation.ts';
import { selectorOf } from '../resources/labels.ts';
import { available } from './available.ts';
import { backupStatus } from './backup.ts';
import { saying, storedCondition, timeOf, type Saying } from './condition.ts';
import { degraded } from './degraded.ts';
import { memberRows } from './members.ts';
import { natsReachable } from './nats-reachable.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { paused } from './paused.ts';
import { phase } from './phase.ts';
import { progressing } from './progressing.ts';
import { quorumLost } from './quorum-lost.ts';
import { ready } from './ready.ts';
import { refusedRecovery } from './refused-recovery.ts';
import { standingOf } from '../observation/standing.ts';

/** Step 9: what a person is told. */
export function statusOf(seen: Observation, outcome: Outcome): PaxosClusterStatus {
  const { cluster, places } = seen;
  const { generation, name } = cluster.metadata;
  const standing = standingOf(seen);
  const { leader, lists, isFormed } = standing;
  const isAvailable = available(seen, standing);
  const lost = quorumLost(seen, standing);
  const refused = refusedRecovery(seen, standing);
  const sayings: readonly Saying[] = [
    ready(seen, standing, isAvailable, outcome),
    isAvailable,
    progressing(seen, standing, outcome),
    degraded(seen, standing, outcome),
    lost,
    natsReachable(seen),
    paused(seen),
  ];
  const { clusterId = cluster.status?.clusterId } = firstOf(seen) ?? {};
  const version = oldest(seen.statuses.map((each) => each.version));
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase: phase(seen, standing, { lost, isAvailable }, outcome),
    replicas: places.filter(({ pod }) => pod !== undefined).length,
    selector: Object.entries(selectorOf(name))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    readyMembers: places.filter(({ status }) => status?.ready === true).length,
    ...(isFormed && { voters: lists.voters.length }),
    ...(leader !== undefined && { leader: leader.name }),
    ...(isFormed && clusterId !== undefined && { clusterId }),
    ...(version !== undefined && { version }),
    ...(seen.backups !== undefined && { backup: backupStatus(seen.backups) }),
    ...(refused !== undefined && { refusedRecovery: refused }),
    ...(seen.figures.length > 0 && { witness: [...seen.figures] }),
    conditions: sayings.map((each) => conditionOf(cluster, seen.now, each)),
    members: memberRows(seen, standing),
  };
}

/** The same, where not even a look was possible: what was said before, and why. */
export function statusUnseen(
  cluster: PaxosCluster,
  now: number,
  { reason, message }: Note,
): PaxosClusterStatus {
  const { conditions = [] } = cluster.status ?? {};
  const said = `The operator can't look at the cluster: ${message}`;
  const sayings = [
    saying('Ready', 'Unknown', reason, said),
    saying('Progressing', 'False', reason, said),
    saying('Degraded', 'True', reason, said),
  ];
  const others = conditions.filter(({ type }) => sayings.every((each) => each.type !== type));
  const fresh = sayings.map((each) => conditionOf(cluster, now, each));
  return { ...cluster.status, phase: 'Stopped', conditions: [...others, ...fresh] };
}

/** @returns whether there is something to write */
export function isNewStatus({ status = {} }: PaxosCluster, next: PaxosClusterStatus): boolean {
  return !isDeepStrictEqual(plain(status), plain(next));
}

/** As JSON has it: the order of keys, and who parsed them, means nothing. */
function plain(status: PaxosClusterStatus): unknown {
  return JSON.parse(JSON.stringify(status));
}

function firstOf({ first, statuses }: Observation) {
  if (typeof first === 'object') return first;
  return statuses.find(({ firstConfiguration: its }) => its !== null)?.firstConfiguration;
}

function conditionOf(cluster: PaxosCluster, now: number, said: Saying): Condition {
  const before = storedCondition(cluster, said.type);
  const { generation } = cluster.metadata;
  return {
    ...said,
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: before?.status === said.status ? before.lastTransitionTime : timeOf(now),
  };
}

function oldest(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))[0];
}
