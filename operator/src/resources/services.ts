import type { V1Service } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { metadataOf, selectorOf } from './labels.ts';
import { HTTP_PORT, namesOf } from './names.ts';

/** Gives each pod a name in DNS, also one that is not ready: it is to be looked at then, too. */
export function membersService(cluster: PaxosCluster): V1Service {
  const { name } = cluster.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(cluster, namesOf(name).service),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorOf(name),
      ports: [{ name: 'http', port: HTTP_PORT, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}
