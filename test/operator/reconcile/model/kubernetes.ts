import type {
  V1OwnerReference,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
} from '@kubernetes/client-node';
import { ordinalOf } from '../../../../operator/src/resources/names.ts';
import type { Disks } from './disks.ts';
import type { ModelObjects } from './model-objects.ts';

const SLOW_MS = 40_000;
const HOSTNAME = 'kubernetes.io/hostname';

function ownerOf({ metadata }: V1StatefulSet): V1OwnerReference {
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'c', uid: metadata?.uid ?? '' };
}

/** What Kubernetes' controllers, its scheduler and its kubelets do with a StatefulSet. */
export class Kubernetes {
  /** Nodes that exist; `false` while the kubelet is away. */
  readonly nodes = new Map<string, boolean>();
  readonly #objects: ModelObjects;
  readonly #disks: Disks;
  readonly #revisions = new Map<string, string>();
  /** Images take a while to come. */
  isSlow = false;
  /** Images that a node can't get, like `node-1 v2`. */
  readonly missing = new Set<string>();
  readonly #reported = new Map<string, boolean>();
  readonly #now: () => number;
  #nodeCount = 0;

  constructor(objects: ModelObjects, disks: Disks, now: () => number) {
    this.#objects = objects;
    this.#disks = disks;
    this.#now = now;
  }

  addNode(): void {
    const name = `node-${this.#nodeCount}`;
    this.#nodeCount += 1;
    this.nodes.set(name, true);
    this.#report(name, true);
  }

  /** For good, with its volumes. */
  loseNode(name: string): void {
    this.nodes.delete(name);
    this.#objects.erase('Node', name);
    this.#disks.lose(({ node }) => node === name);
  }

  isUp(pod: V1Pod): boolean {
    return this.nodes.get(pod.spec?.nodeName ?? '') === true;
  }

  #report(name: string, isUp: boolean): void {
    this.#reported.set(name, isUp);
    const conditions = [{ type: 'Ready', status: isUp ? 'True' : 'Unknown' }];
    const metadata = { name, labels: { [HOSTNAME]: name } };
    this.#objects.put({ kind: 'Node', metadata, spec: {}, status: { conditions } });
  }

  /** One round of everything. */
  step(): void {
    for (const [name, isUp] of this.nodes) {
      if (this.#reported.get(name) !== isUp) this.#report(name, isUp);
    }
    const set = this.#objects.all('StatefulSet')[0];
    this.#endPods();
    this.#endClaims();
    if (set?.metadata?.deletionTimestamp !== undefined) this.#orphan(set);
    else if (set !== undefined) this.#control(set);
    for (const pod of this.#pods()) this.#run(pod);
  }

  /** A pod on a node that is away can't be seen to have ended; one on a node that is gone has. */
  #endPods(): void {
    for (const pod of this.#pods()) {
      const { name = '', deletionTimestamp } = pod.metadata ?? {};
      const node = pod.spec?.nodeName;
      const isGone = node !== undefined && !this.nodes.has(node);
      const isStopped = deletionTimestamp && (node === undefined || this.isUp(pod));
      if (isGone || isStopped) this.#objects.erase('Pod', name);
    }
  }

  #endClaims(): void {
    for (const { metadata, spec } of this.#claims()) {
      if (metadata?.deletionTimestamp === undefined) continue;
      const ordinal = ordinalOf('c', metadata.name);
      if (this.#objects.find('Pod', `c-${ordinal ?? ''}`) !== undefined) continue;
      this.#objects.erase('PersistentVolumeClaim', metadata.name ?? '');
      this.#objects.erase('PersistentVolume', spec?.volumeName ?? '');
      this.#disks.lose(({ name }) => name === spec?.volumeName);
    }
  }

  /** Removes a StatefulSet and leaves what it has behind. */
  #orphan({ metadata: { name = '' } = {} }: V1StatefulSet): void {
    for (const object of [...this.#pods(), ...this.#claims()]) {
      this.#objects.put({ ...object, metadata: { ...object.metadata, ownerReferences: [] } });
    }
    this.#objects.erase('StatefulSet', name);
  }

  /** Takes over what has its labels and is nobody's. */
  #adopt(set: V1StatefulSet): void {
    const ownerReferences = [ownerOf(set)];
    for (const pod of this.#pods()) {
      if ((pod.metadata?.ownerReferences ?? []).length > 0) continue;
      this.#objects.put({ ...pod, metadata: { ...pod.metadata, ownerReferences } });
    }
    const { whenDeleted } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
    const owners = whenDeleted === 'Delete' ? ownerReferences : [];
    for (const claim of this.#claims()) {
      this.#objects.put({ ...claim, metadata: { ...claim.metadata, ownerReferences: owners } });
    }
  }

  #control(set: V1StatefulSet): void {
    this.#adopt(set);
    const { replicas = 0, template } = set.spec ?? {};
    const revision = this.#revisionOf(JSON.stringify(template));
    const { generation } = set.metadata ?? {};
    const status = { observedGeneration: generation, updateRevision: revision };
    this.#objects.put({ ...set, status });
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) this.#keep(set, ordinal, revision);
    for (const { metadata } of this.#pods()) {
      const { name = '' } = metadata ?? {};
      if ((ordinalOf('c', name) ?? 0) >= replicas) this.#objects.mark('Pod', name);
    }
  }

  #revisionOf(template: string): string {
    const known = this.#revisions.get(template) ?? `r${this.#revisions.size}`;
    this.#revisions.set(template, known);
    return known;
  }

  #keep(set: V1StatefulSet, ordinal: number, revision: string): void {
    const { spec } = set;
    const name = `c-${ordinal}`;
    const claim = this.#objects.find('PersistentVolumeClaim', `data-${name}`);
    const labels = { ...spec?.selector.matchLabels };
    if (claim === undefined) {
      const own = { name: `data-${name}`, namespace: 'n', labels };
      const its = structuredClone(spec?.volumeClaimTemplates?.[0]?.spec);
      this.#objects.put({ kind: 'PersistentVolumeClaim', metadata: own, spec: its });
    }
    const isLeaving = claim?.metadata?.deletionTimestamp !== undefined;
    if (isLeaving || this.#objects.find('Pod', name) !== undefined) return;
    this.#objects.put({
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'n',
        labels: { ...labels, 'controller-revision-hash': revision },
        annotations: { ...spec?.template.metadata?.annotations },
        ownerReferences: [ownerOf(set)],
      },
      spec: structuredClone(spec?.template.spec),
    });
  }

  /** Finds a node and a volume for the pod, and starts its container. */
  #run(pod: V1Pod): void {
    const { name = '', deletionTimestamp } = pod.metadata ?? {};
    if (deletionTimestamp !== undefined || pod.status?.podIP !== undefined) return;
    const age = this.#now() - (pod.metadata?.creationTimestamp?.getTime() ?? 0);
    if (this.isSlow && age < SLOW_MS) return;
    const node = pod.spec?.nodeName ?? this.#place(name);
    if (node === undefined) return;
    const image = pod.spec?.containers[0]?.image ?? '';
    const state =
      image.includes('bad') || this.missing.has(`${node} ${image}`)
        ? { waiting: { reason: 'ImagePullBackOff' } }
        : { running: { startedAt: new Date(this.#now()) } };
    const isRunning = 'running' in state;
    this.#objects.put({
      ...pod,
      spec: { ...pod.spec, nodeName: node },
      status: {
        ...(isRunning && { podIP: pod.metadata?.uid }),
        containerStatuses: [{ name: 'member', state, image }],
      },
    });
  }

  /** @returns the node where its volume is, or gets one */
  #place(pod: string): string | undefined {
    const claim = this.#objects.find('PersistentVolumeClaim', `data-${pod}`);
    if (claim === undefined || claim.metadata?.deletionTimestamp !== undefined) return undefined;
    const bound = claim.spec?.volumeName;
    const isUp = (node: string | undefined) => this.nodes.get(node ?? '') === true;
    if (bound !== undefined) {
      const there = this.#disks.find(bound)?.node;
      return isUp(there) ? there : undefined;
    }
    const used = (node: string) =>
      this.#pods().filter(({ spec }) => spec?.nodeName === node).length;
    const [node] = [...this.nodes.keys()].filter(isUp).sort((a, b) => used(a) - used(b));
    if (node === undefined) return undefined;
    const { name } = this.#disks.make(node);
    this.#objects.put({ ...claim, spec: { ...claim.spec, volumeName: name } });
    const expression = { key: HOSTNAME, operator: 'In', values: [node] };
    const volume: V1PersistentVolume = {
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
      },
    };
    this.#objects.put(volume);
    return node;
  }

  #pods(): V1Pod[] {
    return this.#objects.all('Pod');
  }

  #claims(): V1PersistentVolumeClaim[] {
    return this.#objects.all('PersistentVolumeClaim');
  }
}
