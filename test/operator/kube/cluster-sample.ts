import type { PaxosCluster } from '../../../operator/src/api/paxos-cluster.ts';
import type { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';

const { apiVersion, kind } = kinds.PaxosCluster;

/** The least that a person has to write. */
export function sampleCluster(name: string, spec: object = {}, metadata: object = {}) {
  const nats = { url: 'nats://nats:4222' };
  return {
    apiVersion,
    kind,
    metadata: { name, ...metadata },
    spec: { image: 'synod:1', nats, ...spec },
  };
}

/** Creates it at the API server, which adds defaults and uid. */
export async function createCluster(
  client: Client,
  namespace: string,
  name: string,
  spec: object = {},
): Promise<PaxosCluster> {
  const body = sampleCluster(name, spec);
  return (await client.send({
    verb: 'create',
    resource: kinds.PaxosCluster,
    namespace,
    body,
  })) as PaxosCluster;
}
