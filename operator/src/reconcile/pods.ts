import type { V1StatefulSet } from '@kubernetes/client-node';
import { ownerOf } from '../resources/labels.ts';
import { statefulSet } from '../resources/stateful-set.ts';
import type { Note } from '../observation/note.ts';
import { attempt } from '../observation/api-problem.ts';
import {
  isBeingDeleted,
  isNamed,
  knownMembers,
  newestRevision,
  recordedMember,
  replicasOf,
  type Observation,
} from '../observation/observation.ts';
import type { Objects } from '../ports.ts';
import { chooseTemplate } from '../observation/template.ts';

/**
 * Step 3: keeps the StatefulSet as it is to be.
 * @returns what is known then; or what a person has to put right; neither when somebody else has
 * changed it since it was looked at
 */
export async function keepStatefulSet(
  objects: Objects,
  seen: Observation,
): Promise<{ readonly known: Observation | undefined; readonly problem: Note | undefined }> {
  const wanted = desiredStatefulSet(seen, neededReplicas(seen));
  const apply = () => objects.apply(wanted, ownerOf(seen.cluster), seen.statefulSet);
  const { value, problem } = await attempt(apply);
  if (value !== 'changed') return { known: value && seen, problem };
  const { namespace, name } = seen.cluster.metadata;
  const live = await objects.get<V1StatefulSet>('StatefulSet', namespace, name);
  return { known: { ...seen, statefulSet: live, revision: live && newestRevision(live) }, problem };
}

/** The StatefulSet with so many pods; void when it is not any more the one that was looked at. */
export function desiredStatefulSet(seen: Observation, replicas: number): V1StatefulSet {
  const { cluster, statefulSet: live } = seen;
  const wanted = statefulSet(cluster, { replicas, live, ...chooseTemplate(seen) });
  const { resourceVersion } = live?.metadata ?? {};
  if (wanted.metadata !== undefined && resourceVersion !== undefined) {
    wanted.metadata.resourceVersion = resourceVersion;
  }
  return wanted;
}

/**
 * How many pods there are: those that volumes and the configuration need, and never fewer than
 * there were. What the spec asks for comes into it where size.ts adds and takes away one at a
 * time, and where nothing is there yet.
 */
export function neededReplicas(seen: Observation): number {
  const { lists } = knownMembers(seen);
  const needed = seen.places.filter((place) => {
    const hasVolume = place.volume !== undefined && !isBeingDeleted(place);
    const ids = [place.status?.member, recordedMember(place)];
    return hasVolume || ids.some((id) => isNamed(lists, id));
  });
  const held = Math.max(0, ...needed.map(({ ordinal }) => ordinal + 1));
  if (seen.statefulSet !== undefined) return Math.max(replicasOf(seen), held);
  if (held > 0) return held;
  const { first, cluster } = seen;
  return typeof first === 'object' ? first.members.length : cluster.spec.replicas;
}
