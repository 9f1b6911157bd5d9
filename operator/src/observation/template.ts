import { createHash } from 'node:crypto';
import type { V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { z } from 'zod';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { PaxosClusterSpec } from '../api/spec.ts';
import { RESTARTED_AT, SNAPSHOT, SPEC_HASH, TEMPLATE } from '../resources/annotations.ts';
import { podTemplate } from '../resources/pod-template.ts';
import { askedSnapshot, withRestoreStep } from '../resources/restore-step.ts';
import { hasBegun, revisionOf, type Observation, type Place } from './observation.ts';
import { failureOf } from './pod-failure.ts';
import { hasFailed, isReady, unreadyNow, unreadySchema } from './unready-pods.ts';

/*
 * Which template the StatefulSet has. A pod that is recreated gets that one, whatever made it go:
 * so, while a roll is stopped because its first pod failed, it is the last good one.
 */

const builtSchema = z.object({
  /** Of the spec that it was built for. */
  specHash: z.string(),
  template: z.custom<V1PodTemplateSpec>((value) => typeof value === 'object' && value !== null),
});

const memorySchema = z.object({
  /** The template that the StatefulSet has. */
  current: builtSchema,
  /** A pod of it was ready once: what fails later does not fail because of the template. */
  hasRun: z.boolean().optional(),
  /** The last one with which every pod was ready. */
  good: builtSchema.optional(),
  /** The one that was taken back; a pod of it may still be there. */
  stopped: z.object({ specHash: z.string(), revision: z.string() }).optional(),
  unready: unreadySchema.optional(),
});

/** What the operator remembers of templates, in an annotation of the StatefulSet. */
type Memory = z.output<typeof memorySchema>;
type BuiltTemplate = z.output<typeof builtSchema>;

export interface ChosenTemplate {
  readonly template: V1PodTemplateSpec;
  /** For the annotation. */
  readonly memory: string;
}

/**
 * What was built for the same spec stays, also where another version of the operator built it and
 * this one would build another: to upgrade the operator restarts no pod.
 */
export function chooseTemplate(seen: Observation): ChosenTemplate {
  const memory = memoryOf(seen);
  const specHash = specHashOf(seen.cluster);
  const built = [memory?.current, memory?.good].find((each) => each?.specHash === specHash);
  const wanted = built ?? build(seen.cluster, specHash);
  const good = isRolledOut(seen) ? wanted : memory?.good;
  const stopped = stoppedNow(seen, memory);
  const unready = unreadyNow(seen, memory?.unready ?? {}, (pod) => isFirst(seen, memory, pod));
  const chosen: Memory =
    stopped !== undefined && good !== undefined
      ? { current: good, good, stopped, unready }
      : { current: wanted, hasRun: hasRun(seen, memory), good, unready };
  const { template } = chosen.current;
  return {
    // It goes when the cluster begins, and restarts no pod then: it is not in the memory.
    template: hasBegun(seen) ? template : withRestoreStep(template, seen.cluster),
    memory: JSON.stringify(chosen),
  };
}

function build(cluster: PaxosCluster, specHash: string): BuiltTemplate {
  const { metadata, spec } = podTemplate(cluster);
  const annotations = { ...metadata?.annotations, [SPEC_HASH]: specHash };
  return { specHash, template: { metadata: { ...metadata, annotations }, ...(spec && { spec }) } };
}

/** The roll that is stopped: by what was remembered of it, and what becomes of its pod. */
function stoppedNow(seen: Observation, memory: Memory | undefined): Memory['stopped'] {
  const specHash = specHashOf(seen.cluster);
  if (memory?.stopped !== undefined) {
    const isSame = memory.stopped.specHash === specHash;
    return isSame && !hasRun(seen, memory) ? memory.stopped : undefined;
  }
  const { revision } = seen;
  const failed = seen.places.some(
    (place) =>
      place.pod !== undefined &&
      isFirst(seen, memory, place.pod) &&
      (failureOf(place, seen.now) !== undefined || isFailed(seen, place)),
  );
  return failed && revision !== undefined ? { specHash, revision } : undefined;
}

/** Whether what the spec asks for has had a ready pod. */
function hasRun(seen: Observation, memory: Memory | undefined): boolean {
  const specHash = specHashOf(seen.cluster);
  if (memory?.stopped?.specHash === specHash) return hasReadyPod(seen, memory.stopped.revision);
  if (memory?.current.specHash !== specHash) return false;
  return memory.hasRun === true || hasReadyPod(seen, seen.revision);
}

function hasReadyPod({ places }: Observation, revision: string | undefined): boolean {
  return places.some(({ pod }) => pod && isReady(pod) && revisionOf(pod) === revision);
}

/** It is of a template that has not run yet. */
function isFirst(seen: Observation, memory: Memory | undefined, pod: V1Pod): boolean {
  const isOfIt = seen.revision !== undefined && revisionOf(pod) === seen.revision;
  return isOfIt && isBeingTried(seen, memory) && !hasRun(seen, memory);
}

function isBeingTried({ cluster }: Observation, memory: Memory | undefined): boolean {
  const specHash = specHashOf(cluster);
  return memory?.current.specHash === specHash && memory.good?.specHash !== specHash;
}

/** Whether a roll goes on: there is a good template, and a pod is not ready with the new one. */
export function isRolling(seen: Observation): boolean {
  const memory = memoryOf(seen);
  return memory?.good !== undefined && isBeingTried(seen, memory);
}

/** The revision of a roll that was stopped; its pod is left alone, as it may come to run yet. */
export function stoppedRevision(seen: Observation): string | undefined {
  const { stopped } = memoryOf(seen) ?? {};
  return stopped?.specHash === specHashOf(seen.cluster) ? stopped.revision : undefined;
}

/** Whether the pod runs, was never ready, and comes no nearer to it. */
export function isFailed(seen: Observation, place: Place): boolean {
  return hasFailed(seen, place, memoryOf(seen)?.unready ?? {});
}

/** Whether it hangs on time if the pod has failed. */
export function isAwaited(seen: Observation, { pod }: Place): boolean {
  return memoryOf(seen)?.unready?.[pod?.metadata?.uid ?? ''] !== undefined;
}

/** Whether the pod was made from another template than it would be now. */
export function isOutdated(seen: Observation, pod: V1Pod): boolean {
  if (seen.revision === undefined || isCurrent(seen, pod)) return false;
  return revisionOf(pod) !== stoppedRevision(seen);
}

/**
 * Of the template that the StatefulSet has, or of one that was built for the same spec: when the
 * StatefulSet was made again, by a newer operator, its pods go on.
 */
function isCurrent(seen: Observation, pod: V1Pod): boolean {
  const its = pod.metadata?.annotations?.[SPEC_HASH];
  const isForSame = its !== undefined && its === memoryOf(seen)?.current.specHash;
  return (isForSame && hasAskedSnapshot(seen, pod)) || revisionOf(pod) === seen.revision;
}

function hasAskedSnapshot(seen: Observation, { metadata }: V1Pod): boolean {
  return hasBegun(seen) || metadata?.annotations?.[SNAPSHOT] === askedSnapshot(seen.cluster);
}

/** Every pod is ready, with the template that the spec asks for: nothing is to be remembered. */
export function isRolledOut(seen: Observation): boolean {
  const { revision, places, cluster } = seen;
  const isHere = ({ pod }: Place) => pod !== undefined && isReady(pod) && isCurrent(seen, pod);
  const isWanted = memoryOf(seen)?.current.specHash === specHashOf(cluster);
  return isWanted && revision !== undefined && places.length > 0 && places.every(isHere);
}

function memoryOf({ statefulSet }: Observation): Memory | undefined {
  const text = statefulSet?.metadata?.annotations?.[TEMPLATE];
  try {
    return text === undefined ? undefined : memorySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the pods have it. */
type InPods<T> = Readonly<Record<keyof T, boolean>>;

const specInPods: InPods<PaxosClusterSpec> = {
  replicas: false,
  image: true,
  imagePullPolicy: true,
  imagePullSecrets: true,
  machine: true,
  window: false,
  storage: false,
  nats: true,
  settings: true,
  resources: true,
  assignedUser: true,
  affinity: true,
  tolerations: true,
  topologySpreadConstraints: true,
  priorityClassName: true,
  podLabels: true,
  podAnnotations: true,
  env: true,
  monitoring: true,
  paused: false,
  recovery: false,
  decided: false,
  bootstrap: false,
};

const natsInPods: InPods<PaxosClusterSpec['nats']> = {
  url: true,
  credentialsSecret: true,
  operatorSecret: false,
  tlsSecret: true,
};

/**
 * Hash of all that the spec, and whoever wants a restart, ask of the pods. A default that joins the
 * spec changes it, and restarts each pod when the operator is upgraded: leave the field unset.
 */
export function specHashOf({ metadata, spec }: PaxosCluster): string {
  const asked = {
    ...pick(spec, specInPods),
    nats: pick(spec.nats, natsInPods),
    restartedAt: metadata.annotations?.[RESTARTED_AT],
  };
  const text = JSON.stringify(asked, sortKeys);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function pick(object: object, inPods: Readonly<Record<string, boolean>>) {
  return Object.fromEntries(Object.entries(object).filter(([field]) => inPods[field] === true));
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
