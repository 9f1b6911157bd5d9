import type { RefusedRecovery } from '../api/status.ts';
import type { Note } from '../observation/note.ts';
import type { Observation } from '../observation/observation.ts';
import { isRefused, recoveredClusterId } from '../observation/recovery.ts';
import { areEnough, type Standing } from '../observation/standing.ts';

/**
 * What spec.recovery asks for of a cluster that has its quorum, or had it since it was asked for.
 * Whoever forgets it there would lose data with the next quorum that is lost for a moment: so it is
 * remembered for as long as the spec names that very pair, and never done.
 */
export function refusedRecovery(
  { cluster, statuses }: Observation,
  standing: Standing,
): RefusedRecovery | undefined {
  const { recovery } = cluster.spec;
  if (recovery === undefined) return undefined;
  if (isRefused(cluster, recovery)) return recovery;
  // It has begun already, and is gone on with.
  const newClusterId = recoveredClusterId(recovery);
  if (statuses.some(({ clusterId }) => clusterId === newClusterId)) return undefined;
  const deciding = standing.leader === undefined ? standing.voting : [standing.leader];
  const isRunning =
    areEnough(standing) && deciding.some(({ clusterId }) => clusterId === recovery.clusterId);
  return isRunning ? recovery : undefined;
}

/** The same, as it is said. */
export function recoveryRefused(seen: Observation, standing: Standing): Note[] {
  const refused = refusedRecovery(seen, standing);
  if (refused === undefined) return [];
  const message =
    `spec.recovery names cluster ${refused.clusterId}, which has its quorum, or had it since: it ` +
    'is not recovered, whatever becomes of it. Take spec.recovery away; should the quorum be lost ' +
    'for good after that, set it again.';
  return [{ reason: 'RecoveryRefused', message }];
}
