import { parseAllDocuments } from 'yaml';
import { findHelm, helm } from '../../../operator/manifests/helm.ts';
import { labelsOf } from '../../../operator/src/resources/labels.ts';
import { HTTP_PORT } from '../../../operator/src/resources/names.ts';
import { networkPolicy } from '../../../operator/src/resources/network-policy.ts';
import { storedCluster } from '../../operator/cluster.ts';
import { HOST_ADDRESS } from '../lab/addresses.ts';
import { allowed, castOf, forbidden, kindOf, withStandIn } from './intent.ts';
import { Policies, type End, type Labels, type NetworkPolicy, type Pod } from './policies.ts';

/* The policies of the chart, as helm renders them, and the one that the operator makes. */

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: { readonly containers: readonly { readonly ports?: Pod['ports'] }[] };
    };
  };
}

const NAMESPACE = 'apps';
const text = helm(findHelm(), 'template', 'c', 'charts/synod', '--namespace', NAMESPACE);
const manifests = parseAllDocuments(text).map(
  (document) => document.toJS() as Manifest & NetworkPolicy,
);
const cluster = storedCluster();
const members = networkPolicy({
  ...cluster,
  metadata: { ...cluster.metadata, namespace: NAMESPACE },
});
const rendered = manifests
  .filter(({ kind }) => kind === 'NetworkPolicy')
  .map((policy) => ({ ...policy, metadata: { namespace: NAMESPACE } }));
const policies = new Policies([...rendered, members], new Map());

function end(name: string, address: string, labels: Labels, ports: Pod['ports']): End {
  return { address, pod: { name, namespace: NAMESPACE, labels, ports } };
}

function fromTemplate(kind: string, address: string): End {
  const found = manifests.find((each) => each.kind === kind);
  if (found?.spec?.template === undefined) throw new Error(`There is no ${kind}.`);
  const { metadata, spec } = found.spec.template;
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  return end(found.metadata.name, address, metadata.labels, ports);
}

const member = (address: string) =>
  end('c-0', address, labelsOf('c'), [{ containerPort: HTTP_PORT }]);
const pods = [
  ...[member('10.1.0.1'), member('10.1.0.2')],
  ...[fromTemplate('StatefulSet', '10.1.0.3'), fromTemplate('StatefulSet', '10.1.0.4')],
  fromTemplate('Deployment', '10.1.0.5'),
];
const cast = castOf(pods, 'c');

test.each(allowed(cast).map((connection) => ({ name: kindOf(connection), connection })))(
  'allowed: $name',
  ({ connection }) => {
    expect(policies.denial(connection)).toBeUndefined();
  },
);

test.each(forbidden(cast).map((connection) => ({ name: kindOf(connection), connection })))(
  'denied: $name',
  ({ connection }) => {
    expect(policies.denial(connection)).toBeDefined();
  },
);

test('the host stands for a client of NATS, and for Prometheus elsewhere', () => {
  const way = (to: End, port: number) =>
    kindOf(withStandIn({ from: { address: HOST_ADDRESS }, to, port, protocol: 'TCP' }));
  expect(way(cast.nats, 4222)).toBe('client → nats:4222/TCP');
  expect(way(cast.member, 8080)).toBe('prometheus → member:8080/TCP');
  const inside = { from: cast.member, to: cast.nats, port: 4222, protocol: 'TCP' };
  expect(withStandIn(inside)).toBe(inside);
});
