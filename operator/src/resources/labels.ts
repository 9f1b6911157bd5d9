import type { V1ObjectMeta, V1OwnerReference } from '@kubernetes/client-node';
import { GROUP, KIND, VERSION, type PaxosCluster } from '../api/paxos-cluster.ts';

export const CLUSTER_LABEL = `${GROUP}/cluster`;

/** What selects the pods and volumes of a cluster: it can never change. */
export function selectorOf(cluster: string): Record<string, string> {
  return { [CLUSTER_LABEL]: cluster, 'app.kubernetes.io/component': 'member' };
}

export function labelsOf(cluster: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'synod',
    'app.kubernetes.io/instance': cluster,
    'app.kubernetes.io/managed-by': 'synod-operator',
    ...selectorOf(cluster),
  };
}

/** The cluster controls the object, which goes when the cluster is deleted. */
export function ownerOf({ metadata: { name, uid } }: PaxosCluster): V1OwnerReference {
  return { apiVersion: `${GROUP}/${VERSION}`, kind: KIND, name, uid, controller: true };
}

/** Metadata of an object that belongs to the cluster. */
export function metadataOf(
  cluster: PaxosCluster,
  name: string,
  annotations?: Record<string, string>,
): V1ObjectMeta {
  return {
    name,
    namespace: cluster.metadata.namespace,
    labels: labelsOf(cluster.metadata.name),
    ownerReferences: [ownerOf(cluster)],
    ...(annotations && { annotations }),
  };
}
