import type { KubernetesObject } from '@kubernetes/client-node';
import { drainsOf } from '../observation/drains.ts';
import { disruptionBudget } from '../resources/disruption-budget.ts';
import { firstConfigurationOwners } from '../resources/first-configuration-map.ts';
import { ownerOf } from '../resources/labels.ts';
import { networkPolicy } from '../resources/network-policy.ts';
import { serviceAccount } from '../resources/service-account.ts';
import { membersService } from '../resources/services.ts';
import type { Note } from '../observation/note.ts';
import { attempt } from '../observation/api-problem.ts';
import type { Observation } from '../observation/observation.ts';
import type { Objects } from '../ports.ts';

/**
 * Step 2: what the members lean on.
 * @returns what a person has to put right; the other objects are there all the same
 */
export async function supportMembers(objects: Objects, seen: Observation): Promise<Note[]> {
  const { cluster } = seen;
  const wanted: readonly KubernetesObject[] = [
    serviceAccount(cluster),
    membersService(cluster),
    disruptionBudget(cluster, drainsOf(seen)),
    networkPolicy(cluster),
  ];
  const owner = ownerOf(cluster);
  const attempts = await Promise.all([
    ...wanted.map((object) => attempt(() => objects.apply(object, owner))),
    attempt(() => ownMap(objects, seen)),
  ]);
  return attempts.flatMap(({ problem }) => problem ?? []);
}

/**
 * The budget of drains alone: it follows how the members are, also where nothing else is changed.
 * @returns what a person has to put right
 */
export async function guardDrains(objects: Objects, seen: Observation): Promise<Note[]> {
  const { cluster, statefulSet } = seen;
  if (statefulSet === undefined) return [];
  const budget = disruptionBudget(cluster, drainsOf(seen));
  const { problem } = await attempt(() => objects.apply(budget, ownerOf(cluster)));
  return problem === undefined ? [] : [problem];
}

/** The first configuration goes with the cluster only if the volumes do. */
async function ownMap(objects: Objects, { cluster, first, map }: Observation): Promise<void> {
  const { name = '', namespace = '', uid, resourceVersion } = map?.metadata ?? {};
  if (typeof first !== 'object' || uid === undefined) return;
  const { ownerReferences = [] } = map?.metadata ?? {};
  const wanted = firstConfigurationOwners(cluster);
  const isSame =
    ownerReferences.length === wanted.length &&
    ownerReferences.every((each, index) => each.uid === wanted[index]?.uid);
  if (isSame) return;
  const patch = { metadata: { ownerReferences: wanted } };
  await objects.patch('ConfigMap', namespace, name, patch, {
    uid,
    ...(resourceVersion !== undefined && { resourceVersion }),
  });
}
