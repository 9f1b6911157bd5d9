import type { V1NetworkPolicy, V1NetworkPolicyPort } from '@kubernetes/client-node';
import { natsServersOf } from '../../../contract/src/nats-servers.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { metadataOf, selectorOf } from './labels.ts';
import { HTTP_PORT, namesOf } from './names.ts';

const DNS_PORT = 53;

/**
 * Members are looked at over HTTP, and speak to NATS, to names in DNS, and to nobody else; but for
 * S3, where they are to begin with a snapshot that is there.
 */
export function networkPolicy(cluster: PaxosCluster): V1NetworkPolicy {
  const { name } = cluster.metadata;
  const dns = ['UDP', 'TCP'].map((protocol) => ({ port: DNS_PORT, protocol }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(cluster, namesOf(name).networkPolicy),
    spec: {
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ port: HTTP_PORT, protocol: 'TCP' }] }],
      egress: [{ ports: [...dns, ...natsPorts(cluster.spec.nats.url), ...s3Ports(cluster)] }],
    },
  };
}

/** The servers may be anywhere: what they listen on is in the URL. */
function natsPorts(urls: string): V1NetworkPolicyPort[] {
  const numbers = new Set(natsServersOf(urls).map(({ port }) => port));
  return [...numbers].sort((a, b) => a - b).map((port) => ({ port, protocol: 'TCP' }));
}

/** Wherever it is. */
function s3Ports({ spec }: PaxosCluster): V1NetworkPolicyPort[] {
  const s3 = spec.bootstrap?.snapshot?.s3;
  if (s3 === undefined) return [];
  const url = new URL(s3.endpoint ?? 'https://s3.amazonaws.com');
  const byScheme = url.protocol === 'http:' ? 80 : 443;
  return [{ port: url.port === '' ? byScheme : Number(url.port), protocol: 'TCP' }];
}
