import { createHash } from 'node:crypto';
import type { V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { z } from 'zod';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { PaxosClusterSpec } from '../api/spec.ts';
import { RESTARTED_AT, TEMPLATE } from '../resources/annotations.ts';
import { podTemplate } from '../resources/pod-template.ts';
import { isRunning, isTerminating, revisionOf, type Observation } from './observation.ts';
import { failureOf } from './pod-failure.ts';

/*
 * Which template the StatefulSet has. A pod that is recreated gets that one, whatever made it go:
 * so, while a roll is stopped because its first pod does not run, it is the last good one.
 */

const madeSchema = z.object({
  /** Hash of what was asked for. */
  request: z.string(),
  template: z.custom<V1PodTemplateSpec>((value) => typeof value === 'object' && value !== null),
});

const memorySchema = z.object({
  /** The template that the StatefulSet has. */
  current: madeSchema,
  /** The last one with which every pod was ready. */
  good: madeSchema.optional(),
  /** The one that was taken back; a pod of it may still be there. */
  stopped: z.object({ request: z.string(), revision: z.string() }).optional(),
});

/** What the operator remembers of templates, in an annotation of the StatefulSet. */
type Memory = z.output<typeof memorySchema>;
type Made = z.output<typeof madeSchema>;

export interface ChosenTemplate {
  readonly template: V1PodTemplateSpec;
  /** For the annotation. */
  readonly memory: string;
}

/**
 * What was made for the same request stays, also where another version of the operator made it and
 * this one would make another: to upgrade the operator restarts no pod.
 */
export function chooseTemplate(seen: Observation): ChosenTemplate {
  const request = requestOf(seen.cluster);
  const memory = memoryOf(seen);
  const made = [memory?.current, memory?.good].find((each) => each?.request === request);
  const wanted = made ?? { request, template: podTemplate(seen.cluster) };
  const stopped = stoppedNow(seen, memory, request);
  const isGood = memory?.current.request === request && stopped === undefined && isEverywhere(seen);
  const good = isGood ? wanted : memory?.good;
  if (stopped !== undefined && good !== undefined) return chosen(good, good, stopped);
  return chosen(wanted, good);
}

function chosen(current: Made, good?: Made, stopped?: Memory['stopped']): ChosenTemplate {
  const memory: Memory = { current, ...(good && { good }), ...(stopped && { stopped }) };
  return { template: current.template, memory: JSON.stringify(memory) };
}

/** The roll that is stopped: by what was remembered of it, and what becomes of its pod. */
function stoppedNow(seen: Observation, memory: Memory | undefined, request: string) {
  if (memory === undefined) return undefined;
  const { stopped, current, good } = memory;
  if (stopped !== undefined) {
    const isSame = stopped.request === request;
    return isSame && !podsOf(seen, stopped.revision).some(isReady) ? stopped : undefined;
  }
  const { revision } = seen;
  const isTried = current.request === request && good !== undefined && good.request !== request;
  if (revision === undefined || !isTried) return undefined;
  const failed = seen.places.some(
    (place) =>
      place.pod !== undefined &&
      revisionOf(place.pod) === revision &&
      failureOf(place, seen.now) !== undefined,
  );
  return failed ? { request, revision } : undefined;
}

/** The revision of a roll that was stopped; its pod is left alone, as it may come to run yet. */
export function stoppedRevision(seen: Observation): string | undefined {
  const { stopped } = memoryOf(seen) ?? {};
  return stopped?.request === requestOf(seen.cluster) ? stopped.revision : undefined;
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
  const isWanted = memory?.current.request === requestOf(seen.cluster);
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

/** Of the spec, what the pods do not have. */
const ELSEWHERE: ReadonlySet<string> = new Set<keyof PaxosClusterSpec>([
  'replicas',
  'window',
  'storage',
  'paused',
  'recovery',
  'decided',
]);

/**
 * Hash of all that the spec, and whoever wants a restart, ask of the pods. A default that joins the
 * spec changes it, and restarts each pod when the operator is upgraded: leave the field unset.
 */
export function requestOf({ metadata, spec }: PaxosCluster): string {
  const { url, credentialsSecret, tlsSecret } = spec.nats;
  const request = {
    ...Object.fromEntries(Object.entries(spec).filter(([field]) => !ELSEWHERE.has(field))),
    nats: { url, credentialsSecret, tlsSecret },
    restartedAt: metadata.annotations?.[RESTARTED_AT],
  };
  const text = JSON.stringify(request, sortKeys);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
