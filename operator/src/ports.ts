import type { KubernetesObject, V1OwnerReference } from '@kubernetes/client-node';
import type { MembershipAnswer, MembershipRequest } from '../../contract/src/membership.ts';
import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { RecoveryRequest, SetAsideRequest } from '../../contract/src/recovery.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import type { PaxosCluster } from './api/paxos-cluster.ts';
import type { Condition, Figure, PaxosClusterStatus } from './api/status.ts';
import type { Backups } from './observation/backups.ts';

/*
 * What reconcile is given. Reads are uncached, and changes carry what they were computed from.
 */

export type ObjectKind =
  | 'PaxosCluster'
  | 'StatefulSet'
  | 'Pod'
  | 'PersistentVolumeClaim'
  | 'PersistentVolume'
  | 'Node'
  | 'ConfigMap'
  | 'Secret'
  | 'Service'
  | 'ServiceAccount'
  | 'PodDisruptionBudget'
  | 'NetworkPolicy'
  | 'CronJob';

/** A merge patch is made only if the object still is the one that was read. */
export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** One Kubernetes API server. Of kinds without namespaces, the namespace is empty. */
export interface Objects {
  /** @returns `undefined` when there is none */
  get<T extends KubernetesObject>(
    kind: ObjectKind,
    namespace: string,
    name: string,
  ): Promise<T | undefined>;
  list<T extends KubernetesObject>(
    kind: ObjectKind,
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<T[]>;
  create(object: KubernetesObject): Promise<'created' | 'exists'>;
  /**
   * Creates the object, or makes the one that is there like it.
   * @param read the one that is there, if it was read just now
   * @throws ForeignObjectError when that has another controller
   */
  apply(
    object: KubernetesObject,
    owner: V1OwnerReference,
    read?: KubernetesObject,
  ): Promise<'unchanged' | 'changed'>;
  patch(
    kind: ObjectKind,
    namespace: string,
    name: string,
    mergePatch: object,
    preconditions: Preconditions,
  ): Promise<void>;
  /** Of a StatefulSet, pods and volumes stay. */
  remove(
    kind: ObjectKind,
    namespace: string,
    name: string,
    uid: string,
    resourceVersion?: string,
  ): Promise<void>;
  writeStatus(cluster: PaxosCluster, status: PaxosClusterStatus): Promise<void>;
  /** What Kubernetes warned of lately about the object, the newest last. */
  warnings(namespace: string, uid: string): Promise<readonly Warning[]>;
}

export interface Warning {
  readonly reason: string;
  readonly message: string;
}

export interface Recorder {
  /** @param reason one word in CamelCase */
  record(
    about: PaxosCluster,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): Promise<void>;
}

/** The pod to look at. */
export interface Address {
  readonly pod: string;
  readonly ip: string;
}

export interface Heard {
  /** By pod: what it said at its own address. */
  readonly http: ReadonlyMap<string, MemberStatus>;
  /** By pod: what a process there waits for, that has no data folder yet. */
  readonly waiting: ReadonlyMap<string, string>;
  /** Who answered over NATS. */
  readonly nats: readonly MemberStatus[];
  /** How far their logs go, as far as the operator heard: see members/figures.ts. */
  readonly figures: readonly Figure[];
  /** Whether the operator is connected to the cluster's NATS itself; if not, why. */
  readonly connection: { readonly up: true } | { readonly up: false; readonly why: string };
}

/** How members are looked at, and told what to do. */
export interface Members {
  look(cluster: PaxosCluster, addresses: readonly Address[]): Promise<Heard>;
  /** @throws SynodError */
  form(cluster: PaxosCluster, member: string, first: FirstConfiguration): Promise<void>;
  /** @throws SynodError when nobody answers */
  change(cluster: PaxosCluster, request: MembershipRequest): Promise<MembershipAnswer>;
  /** @throws SynodError */
  transfer(cluster: PaxosCluster, to: string): Promise<void>;
  /** @throws SynodError */
  recover(cluster: PaxosCluster, member: string, request: RecoveryRequest): Promise<void>;
  /** @throws SynodError */
  setAside(cluster: PaxosCluster, member: string, request: SetAsideRequest): Promise<void>;
}

/** Told at each look of a cluster's snapshots, if somebody saves them. */
export type OnBackup = (
  cluster: { readonly namespace: string; readonly name: string },
  backups: Backups | undefined,
) => void;

/** Told at each look how a cluster is. */
export type OnConditions = (
  cluster: { readonly namespace: string; readonly name: string },
  conditions: readonly Condition[],
) => void;

export interface Ports {
  readonly objects: Objects;
  readonly members: Members;
  readonly events: Recorder;
  readonly onBackup?: OnBackup;
  readonly onConditions?: OnConditions;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of a cluster that begins. */
  readonly newClusterId: () => string;
}

/** Nothing was to be done: what the members said then. */
export interface Rest {
  /** See gist.ts. */
  readonly gist: string;
  /** How many said it. */
  readonly members: number;
}

export interface ReconcileResult {
  readonly againAfterMs?: number;
  readonly rest?: Rest;
}
