import { CONTROL_PLANE_ADDRESS, HOST_ADDRESS } from '../lab/addresses.ts';
import { needed } from './intent.ts';
import { Policies, type Connection, type End, type NetworkPolicy } from './policies.ts';
import { complaintsOf } from './verdict.ts';

/* On a recording that was written by hand: a cluster `c` in which all that is needed happened. */

function pod(component: string, address: string, labels = {}): End {
  const all = {
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/instance': 'c',
    ...labels,
  };
  return { address, pod: { name: component, namespace: 'n', labels: all, ports: [] } };
}

const ends: Readonly<Record<string, End>> = {
  member: pod('member', '10.1.0.1'),
  otherMember: pod('member', '10.1.0.2'),
  nats: pod('nats', '10.1.0.3'),
  otherNats: pod('nats', '10.1.0.4'),
  operator: pod('operator', '10.1.0.5'),
  install: pod('install', '10.1.0.6'),
  dns: pod('dns', '10.1.0.7', { 'k8s-app': 'kube-dns' }),
  'API server': { address: CONTROL_PLANE_ADDRESS },
  client: { address: HOST_ADDRESS },
  prometheus: { address: HOST_ADDRESS },
};

function way(kind: string): Connection {
  const {
    from = '',
    to = '',
    port,
    protocol = '',
  } = /^(?<from>.+) → (?<to>.+):(?<port>\d+)\/(?<protocol>\w+)$/.exec(kind)?.groups ?? {};
  return { from: ends[from]!, to: ends[to]!, port: Number(port), protocol };
}

const happened = [
  ...needed.filter((kind) => !kind.startsWith('nats → nats')).map(way),
  { ...way('nats → nats:6222/TCP'), to: ends['otherNats']! },
  { ...way('operator → member:8080/TCP'), to: ends['otherMember']! },
];

function judged(connections: readonly Connection[], specs: NetworkPolicy['spec'][]): string[] {
  const policies = specs.map((spec) => ({ metadata: { namespace: 'n' }, ...(spec && { spec }) }));
  return complaintsOf({ connections, policies: new Policies(policies, new Map()) }, 'c');
}

const nothing = { policyTypes: ['Ingress', 'Egress'] };

test('what happened and is denied is named, with the direction', () => {
  const found = judged(happened, [nothing]).filter((line) => line.startsWith('member → nats'));
  expect(found).toEqual([
    'member → nats:4222/TCP, from n/member to n/nats: happened, and egress denies it',
  ]);
});

test('what has to happen and never did is named: the recorder may have been blind', () => {
  const partly = happened.filter(({ from }) => from !== ends['install']);
  expect(judged(partly, [nothing])).toContain('install → API server:6443/TCP: never happened');
});

test('what should be denied and is not is named', () => {
  const found = judged(happened, []);
  expect(found).toContain('stranger → nats:4222/TCP: allowed, though it should not be');
  expect(found.every((line) => line.endsWith('though it should not be'))).toBe(true);
});

test('without a pod of each kind there is nothing to judge', () => {
  expect(() => judged([], [])).toThrow('There are too few pods of member.');
});
