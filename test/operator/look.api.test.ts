import { randomUUID } from 'node:crypto';
import { Client, type Answered } from '../../operator/src/kube/client.ts';
import { kinds } from '../../operator/src/kube/kinds.ts';
import { ApiObjects } from '../../operator/src/kube/objects.ts';
import type { Members } from '../../operator/src/ports.ts';
import { makeReconcile } from '../../operator/src/reconcile/reconcile.ts';
import { newNamespace, sharedKubeConfig } from './api-server.ts';
import { createCluster } from './kube/cluster-sample.ts';

/* What a look at a cluster costs the API server, when there is nothing to do. */

const { signal } = new AbortController();
const never = (): Promise<never> => Promise.reject(new Error('nobody is asked'));

/** NATS is away: this is looked at every 2 s. */
const members: Members = {
  look: () =>
    Promise.resolve({
      http: new Map(),
      waiting: new Map(),
      nats: [],
      figures: [],
      connection: { up: false, why: 'NATS is away' },
    }),
  form: never,
  change: never,
  transfer: never,
  recover: never,
  setAside: never,
};

let namespace: string;
let client: Client;
let answered: string[];
let look: () => Promise<unknown>;

beforeEach(async () => {
  namespace = await newNamespace();
  answered = [];
  const onAnswer = ({ verb, resource }: Answered) => answered.push(`${verb} ${resource.plural}`);
  client = new Client(sharedKubeConfig(), { onAnswer });
  const objects = new ApiObjects(client, { signal, ending: signal, isHeld: () => true });
  const reconcile = makeReconcile({
    ...{ objects, members, now: Date.now, newClusterId: randomUUID },
    events: { record: () => Promise.resolve() },
  });
  await createCluster(client, namespace, 'orders');
  look = () => reconcile({ namespace, name: 'orders' });
  for (let count = 0; count < 4; count += 1) await look();
  answered.length = 0;
});

function changes(): string[] {
  return answered.filter((each) => !/^(get|list) /.test(each));
}

async function merge(kind: 'NetworkPolicy' | 'StatefulSet', body: object): Promise<void> {
  const contentType = 'application/merge-patch+json';
  const query = { fieldManager: 'somebody' };
  const place = { resource: kinds[kind], namespace, name: 'orders' };
  await client.send({ verb: 'patch', ...place, query, contentType, body });
  answered.length = 0;
}

test('it changes nothing, and asks for each thing once', async () => {
  await look();
  expect(changes()).toEqual([]);
  expect(answered.sort()).toEqual([
    'get configmaps',
    'get networkpolicies',
    'get paxosclusters',
    'get poddisruptionbudgets',
    'get serviceaccounts',
    'get services',
    'get statefulsets',
    'list cronjobs',
    // What Kubernetes says of the pods that nobody makes here.
    'list events',
    'list persistentvolumeclaims',
    'list pods',
  ]);
});

test.each(['NetworkPolicy', 'StatefulSet'] as const)(
  'what somebody changed of a %s is changed back, once',
  async (kind) => {
    await merge(kind, { metadata: { labels: { 'app.kubernetes.io/name': 'other' } } });
    await look();
    expect(changes()).toEqual([`patch ${kinds[kind].plural}`]);
    answered.length = 0;
    await look();
    expect(changes()).toEqual([]);
  },
);

test('what somebody only reports changes nothing', async () => {
  const contentType = 'application/merge-patch+json';
  const place = { resource: kinds.StatefulSet, namespace, name: 'orders' };
  const body = { status: { replicas: 0, observedGeneration: 1 } };
  await client.send({ verb: 'patch', ...place, subresource: 'status', contentType, body });
  answered.length = 0;
  await look();
  expect(changes()).toEqual([]);
});

test('what was deleted is made again', async () => {
  const place = { resource: kinds.NetworkPolicy, namespace, name: 'orders' };
  await client.send({ verb: 'delete', ...place });
  answered.length = 0;
  await look();
  expect(changes()).toEqual(['create networkpolicies']);
});

test('what the spec asks for newly is applied', async () => {
  const contentType = 'application/merge-patch+json';
  const place = { resource: kinds.PaxosCluster, namespace, name: 'orders' };
  const body = { spec: { nats: { url: 'nats://nats:4333' } } };
  await client.send({ verb: 'patch', ...place, contentType, body });
  answered.length = 0;
  await look();
  const all = ['patch networkpolicies', 'patch paxosclusters', 'patch statefulsets'];
  expect([...new Set(changes())].sort()).toEqual(all);
});
