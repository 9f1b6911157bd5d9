import type { PaxosCluster } from '../../operator/src/api/paxos-cluster.ts';
import { specSchema } from '../../operator/src/api/spec.ts';

/** A cluster as the API server hands it out. */
export function storedCluster(
  spec: object = {},
  annotations: Record<string, string> = {},
): PaxosCluster {
  const least = { image: 'synod:1', nats: { url: 'nats://nats:4222' } };
  return {
    apiVersion: 'paxos.synod.dev/v1alpha1',
    kind: 'PaxosCluster',
    metadata: { name: 'c', namespace: 'n', uid: 'uid-c', annotations },
    spec: specSchema.parse({ ...least, ...spec }),
  };
}
