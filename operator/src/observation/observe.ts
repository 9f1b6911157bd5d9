import type {
  V1ConfigMap,
  V1CronJob,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
} from '@kubernetes/client-node';
import { isUnfit, type MemberStatus } from '../../../contract/src/status.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { readFirstConfiguration } from '../resources/first-configuration-map.ts';
import { CLUSTER_LABEL, selectorOf } from '../resources/labels.ts';
import { namesOf, ordinalOf } from '../resources/names.ts';
import { backupsOf } from './backups.ts';
import { lostWithNode } from './lost-nodes.ts';
import { nodeReports } from './node-reports.ts';
import {
  ageMs,
  isRunning,
  isTerminating,
  newestRevision,
  type Observation,
  type Place,
} from './observation.ts';
import type { Address, Heard, Objects, Ports } from '../ports.ts';

/** A pod that does not run by then has a reason, and Kubernetes has said it. */
const WARNED_AFTER_MS = 5_000;

/** Step 1: looks at everything, once, at the API server itself. */
export async function observe(ports: Ports, cluster: PaxosCluster): Promise<Observation> {
  const { objects } = ports;
  const { name, namespace } = cluster.metadata;
  const names = namesOf(name);
  const selector = selectorOf(name);
  const [statefulSet, allPods, volumes, map, cronJobs] = await Promise.all([
    objects.get<V1StatefulSet>('StatefulSet', namespace, names.statefulSet),
    objects.list<V1Pod>('Pod', namespace, selector),
    objects.list<V1PersistentVolumeClaim>('PersistentVolumeClaim', namespace, selector),
    objects.get<V1ConfigMap>('ConfigMap', namespace, names.firstConfiguration),
    objects.list<V1CronJob>('CronJob', namespace, { [CLUSTER_LABEL]: name }),
  ]);
  const pods = allPods.filter((pod) => isOf(name, pod));
  const heard = await ports.members.look(cluster, pods.flatMap(addressOf));
  const now = ports.now();
  const find = <T extends V1Pod | V1PersistentVolumeClaim>(all: readonly T[], ordinal: number) =>
    all.find(({ metadata }) => ordinalOf(name, metadata?.name) === ordinal);
  const ordinals = [...pods, ...volumes].map(({ metadata }) => ordinalOf(name, metadata?.name));
  const count = Math.max(
    statefulSet?.spec?.replicas ?? 0,
    ...ordinals.map((each = -1) => each + 1),
  );
  const places = await Promise.all(
    Array.from({ length: count }, async (_, ordinal): Promise<Place> => {
      const [pod, volume] = [find(pods, ordinal), find(volumes, ordinal)];
      const said = saidBy(names.pod(ordinal), heard);
      const isSilent = said.status === undefined;
      const lost = isSilent ? await lostWithNode(objects, volume) : undefined;
      const isOnNode = !isSilent || (await nodeReports(objects, pod));
      const warnings = await warningsOf(objects, pod, now);
      const place = { ordinal, name: names.pod(ordinal), pod, volume };
      return { ...place, ...said, lost, isOnNode, warnings };
    }),
  );
  const missing = places.some(({ pod }) => pod === undefined);
  const uid = statefulSet?.metadata?.uid;
  return {
    cluster,
    statefulSet,
    revision: statefulSet && newestRevision(statefulSet),
    places,
    map,
    first: map && firstIn(cluster, map),
    statuses: everybody(heard),
    backups: backupsOf(cronJobs, now),
    figures: heard.figures,
    natsDown: heard.connection.up ? undefined : heard.connection.why,
    warnings: missing && uid !== undefined ? await objects.warnings(namespace, uid) : [],
    now,
  };
}

function firstIn(cluster: PaxosCluster, map: V1ConfigMap): Observation['first'] {
  const { ownerReferences = [] } = map.metadata ?? {};
  if (ownerReferences.some(({ uid }) => uid !== cluster.metadata.uid)) return 'leaving';
  return readFirstConfiguration(cluster, map) ?? 'unreadable';
}

/** While the StatefulSet is made again its pods are nobody's: it takes over what has its labels. */
function isOf(name: string, { metadata }: V1Pod): boolean {
  const { ownerReferences = [] } = metadata ?? {};
  return ownerReferences.every(
    (owner) => owner.kind === 'StatefulSet' && owner.name === namesOf(name).statefulSet,
  );
}

function addressOf(pod: V1Pod): Address[] {
  const [name, ip] = [pod.metadata?.name, pod.status?.podIP];
  return name === undefined || ip === undefined || !isRunning(pod) ? [] : [{ pod: name, ip }];
}

/** Over NATS a pod that is gone may still answer: only one voice is believed. */
function saidBy(
  pod: string,
  { http, nats, waiting }: Heard,
): Pick<Place, 'status' | 'isSeen' | 'waitsFor'> {
  const seen = http.get(pod);
  const voices = nats.filter(({ name }) => name === pod);
  const status = seen ?? (voices.length === 1 ? voices[0] : undefined);
  return { status, isSeen: seen !== undefined, waitsFor: waiting.get(pod) };
}

function isUnfitMember({ role }: MemberStatus): boolean {
  return isUnfit(role);
}

/** One status a member: over NATS all were asked at once. */
function everybody({ http, nats }: Heard): MemberStatus[] {
  const all = [...http.values(), ...nats];
  // Of two processes of one id, the one that takes part stands for it.
  const last = [...all.filter(isUnfitMember), ...all.filter((each) => !isUnfitMember(each))];
  const found = new Map(last.map((status) => [status.member, status]));
  return [...found.values()].sort((a, b) => (a.name + a.member < b.name + b.member ? -1 : 1));
}

async function warningsOf(objects: Objects, pod: V1Pod | undefined, now: number) {
  const { namespace, uid } = pod?.metadata ?? {};
  if (pod === undefined || namespace === undefined || uid === undefined) return [];
  const isEarly = ageMs(pod, now) < WARNED_AFTER_MS;
  if (isRunning(pod) || isTerminating(pod) || isEarly) return [];
  return objects.warnings(namespace, uid);
}
