import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { isRunning, isTerminating, type Observation, type Place } from './observation.ts';

/*
 * Pods that run and are not ready. One whose member learns what the others have is given as long as
 * it takes; one that comes no nearer to it has failed.
 */

/** A member that has all, or gets nothing, has become ready by then, or never does. */
const FAILED_MS = 300_000;
/** What has moved is not written down at every look. */
const WRITTEN_MS = 60_000;

const markSchema = z.object({
  /** It has not moved since then, in milliseconds since 1970. */
  since: z.number(),
  /** The slot that it has to reach. */
  goal: z.number(),
  progress: z.string(),
});

/** By the uids of the pods. */
export const unreadySchema = z.record(z.string(), markSchema);

export type Unready = z.output<typeof unreadySchema>;
type Mark = z.output<typeof markSchema>;

/**
 * What is to be remembered of them.
 * @param isOfInterest of a pod of which nothing is remembered yet
 */
export function unreadyNow(
  seen: Observation,
  before: Unready,
  isOfInterest: (pod: V1Pod) => boolean,
): Unready {
  const marks = seen.places.flatMap((place): [string, Mark][] => {
    const { pod } = place;
    const uid = pod?.metadata?.uid;
    if (pod === undefined || uid === undefined) return [];
    if (!isRunning(pod) || isReady(pod) || isTerminating(pod)) return [];
    const mark = before[uid];
    if (mark === undefined) return isOfInterest(pod) ? [[uid, begun(seen, place)]] : [];
    const isOld = seen.now - mark.since >= WRITTEN_MS;
    const { goal } = mark;
    const moved = { since: seen.now, goal, progress: progressOf(place, mark) };
    return [[uid, isOld && hasMoved(seen, place, mark) ? moved : mark]];
  });
  return Object.fromEntries(marks);
}

function begun({ statuses, now }: Observation, place: Place): Mark {
  const goal = Math.max(0, ...statuses.map(({ slotOut }) => slotOut));
  return { since: now, goal, progress: progressOf(place, { goal, progress: '' }) };
}

export function hasFailed(seen: Observation, place: Place, unready: Unready): boolean {
  const mark = unready[place.pod?.metadata?.uid ?? ''];
  if (mark === undefined) return false;
  return seen.now - mark.since >= FAILED_MS && !hasMoved(seen, place, mark);
}

/** Or it can't: nobody reaches NATS, or its node is away. */
function hasMoved({ natsDown }: Observation, place: Place, mark: Mark): boolean {
  return natsDown !== undefined || !place.isOnNode || progressOf(place, mark) !== mark.progress;
}

/** Beyond the goal a member moves with the others, which does not make it ready. */
function progressOf({ status }: Place, { goal, progress }: Omit<Mark, 'since'>): string {
  if (status === undefined) return progress;
  const { slotOut, incoming } = status;
  return slotOut >= goal ? 'all' : `slot ${slotOut}, ${incoming?.bytes ?? 0} bytes`;
}

export function isReady(pod: V1Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && isRunning(pod) && !isTerminating(pod);
}
