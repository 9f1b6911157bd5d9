import { createHash } from 'node:crypto';
import type { V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { z } from 'zod';
import { TEMPLATE } from '../resources/annotations.ts';
import { podTemplate } from '../resources/pod-template.ts';
import { isRunning, isTerminating, revisionOf, type Observation } from './observation.ts';
import { failureOf } from './pod-failure.ts';

/*
 * Which template the StatefulSet has. A pod that is recreated gets that one, whatever made it go:
 * so, while a roll is stopped because its first pod does not run, it is the last good one.
 */

const memorySchema = z.object({
  /** Hash of the template that the StatefulSet has. */
  current: z.string(),
  /** The last one with which every pod was ready. */
  good: z.object({ hash: z.string(), template: z.custom<V1PodTemplateSpec>() }).optional(),
  /** The one that was taken back; a pod of it may still be there. */
  stopped: z.object({ hash: z.string(), revision: z.string() }).optional(),
});

/** What the operator remembers of templates, in an annotation of the StatefulSet. */
type Memory = z.output<typeof memorySchema>;

export interface ChosenTemplate {
  readonly template: V1PodTemplateSpec;
  /** For the annotation. */
  readonly memory: string;
}

export function chooseTemplate(seen: Observation): ChosenTemplate {
  const wanted = podTemplate(seen.cluster);
  const hash = hashOf(wanted);
  const memory = memoryOf(seen);
  const stopped = stoppedNow(seen, memory, hash);
  const isGood = memory?.current === hash && stopped === undefined && isEverywhere(seen);
  const good = isGood ? { hash, template: wanted } : memory?.good;
  if (stopped !== undefined && good !== undefined) {
    return chosen(good.template, { current: good.hash, good, stopped });
  }
  return chosen(wanted, { current: hash, ...(good && { good }) });
}

function chosen(template: V1PodTemplateSpec, memory: Memory): ChosenTemplate {
  return { template, memory: JSON.stringify(memory) };
}

/** The roll that is stopped: by what was remembered of it, and what becomes of its pod. */
function stoppedNow(seen: Observation, memory: Memory | undefined, hash: string) {
  if (memory === undefined) return undefined;
  const { stopped, current, good } = memory;
  if (stopped !== undefined) {
    const isSame = stopped.hash === hash;
    return isSame && !podsOf(seen, stopped.revision).some(isReady) ? stopped : undefined;
  }
  const { revision } = seen;
  if (revision === undefined || current !== hash || !good || good.hash === hash) return undefined;
  const failed = seen.places.some(
    (place) =>
      place.pod !== undefined &&
      revisionOf(place.pod) === revision &&
      failureOf(place, seen.now) !== undefined,
  );
  return failed ? { hash, revision } : undefined;
}

/** The revision of a roll that was stopped; its pod is left alone, as it may come to run yet. */
export function stoppedRevision(seen: Observation): string | undefined {
  const { stopped } = memoryOf(seen) ?? {};
  return stopped?.hash === hashOf(podTemplate(seen.cluster)) ? stopped.revision : undefined;
}

/** Whether the pod was made from another template than it would be now. */
export function isOutdated(seen: Observation, pod: V1Pod): boolean {
  const { revision } = seen;
  const its = revisionOf(pod);
  return revision !== undefined && its !== revision && its !== stoppedRevision(seen);
}

/** Every pod is ready, with the template that the spec asks for: nothing is to be remembered. */
export function isRolledOut(seen: Observation): boolean {
  const memory = memoryOf(seen);
  const isWanted = memory?.current === hashOf(podTemplate(seen.cluster));
  return isWanted && memory.stopped === undefined && isEverywhere(seen);
}

function isEverywhere({ revision, places }: Observation): boolean {
  const pods = places.map(({ pod }) => pod);
  const isHere = (pod: V1Pod | undefined) =>
    pod !== undefined && isReady(pod) && revisionOf(pod) === revision;
  return revision !== undefined && pods.length > 0 && pods.every(isHere);
}

function podsOf({ places }: Observation, revision: string): readonly V1Pod[] {
  return places.flatMap(({ pod }) => (pod && revisionOf(pod) === revision ? [pod] : []));
}

export function isReady(pod: V1Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && isRunning(pod) && !isTerminating(pod);
}

function memoryOf({ statefulSet }: Observation): Memory | undefined {
  const text = statefulSet?.metadata?.annotations?.[TEMPLATE];
  try {
    return text === undefined ? undefined : memorySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The order of keys means something here: it is the builder's, and always the same. */
function hashOf(template: V1PodTemplateSpec): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 16);
}
