import { GROUP, PLURAL, VERSION } from '../api/paxos-cluster.ts';
import type { ObjectKind } from '../ports.ts';

/** Where the API server keeps the objects of a kind. */
export interface Resource {
  readonly kind: string;
  readonly apiVersion: string;
  /** As it stands in paths and in RBAC rules. */
  readonly plural: string;
  readonly isNamespaced: boolean;
}

function resource(kind: string, apiVersion: string, plural: string, isNamespaced = true): Resource {
  return { kind, apiVersion, plural, isNamespaced };
}

export const kinds: Readonly<Record<ObjectKind, Resource>> = {
  PaxosCluster: resource('PaxosCluster', `${GROUP}/${VERSION}`, PLURAL),
  StatefulSet: resource('StatefulSet', 'apps/v1', 'statefulsets'),
  Pod: resource('Pod', 'v1', 'pods'),
  PersistentVolumeClaim: resource('PersistentVolumeClaim', 'v1', 'persistentvolumeclaims'),
  PersistentVolume: resource('PersistentVolume', 'v1', 'persistentvolumes', false),
  Node: resource('Node', 'v1', 'nodes', false),
  ConfigMap: resource('ConfigMap', 'v1', 'configmaps'),
  Secret: resource('Secret', 'v1', 'secrets'),
  Service: resource('Service', 'v1', 'services'),
  ServiceAccount: resource('ServiceAccount', 'v1', 'serviceaccounts'),
  PodDisruptionBudget: resource('PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets'),
  CronJob: resource('CronJob', 'batch/v1', 'cronjobs'),
  NetworkPolicy: resource('NetworkPolicy', 'networking.k8s.io/v1', 'networkpolicies'),
};

/** What only `kube` itself reads and writes. */
export const leases = resource('Lease', 'coordination.k8s.io/v1', 'leases');
export const coreEvents = resource('Event', 'v1', 'events');
export const events = resource('Event', 'events.k8s.io/v1', 'events');

export function isObjectKind(kind: string | undefined): kind is ObjectKind {
  return kind !== undefined && Object.hasOwn(kinds, kind);
}

/**
 * The path of an object, or of all objects of a kind.
 * @param namespace empty for all of them, and for kinds without namespaces
 */
export function pathOf(
  { apiVersion, plural, isNamespaced }: Resource,
  namespace: string,
  name?: string,
  subresource?: string,
): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const inside = isNamespaced && namespace !== '' ? ['namespaces', namespace] : [];
  const below = [...inside, plural, ...(name === undefined ? [] : [name])];
  if (subresource !== undefined) below.push(subresource);
  return [root, ...below.map(encodeURIComponent)].join('/');
}
