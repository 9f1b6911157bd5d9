import type { KubernetesObject, V1StatefulSet } from '@kubernetes/client-node';
import { conditionTypes } from '../../operator/src/api/status.ts';
import type { PaxosCluster } from '../../operator/src/api/paxos-cluster.ts';
import { Client } from '../../operator/src/kube/client.ts';
import { kinds } from '../../operator/src/kube/kinds.ts';
import type { ObjectKind } from '../../operator/src/ports.ts';
import { newNamespace, sharedKubeConfig } from './api-server.ts';
import { createCluster } from './kube/cluster-sample.ts';
import { until } from './kube/until.ts';
import { OperatorProcess } from './operator-process.ts';

/* What an operator makes at a real API server: it takes every object, with our fields in it. */

let namespace: string;
let client: Client;
let operator: OperatorProcess | undefined;

beforeEach(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
});

afterEach(async () => {
  await operator?.kill();
});

async function get<T extends KubernetesObject>(kind: ObjectKind, name: string): Promise<T> {
  return (await client.send({ verb: 'get', resource: kinds[kind], namespace, name })) as T;
}

/** Waits until the operator has said what it found. */
async function looked(name: string): Promise<PaxosCluster> {
  let cluster = await get<PaxosCluster>('PaxosCluster', name);
  await until(async () => {
    cluster = await get<PaxosCluster>('PaxosCluster', name);
    return cluster.status?.conditions !== undefined;
  });
  return cluster;
}

function conditions({ status }: PaxosCluster): Record<string, string> {
  const all = status?.conditions ?? [];
  return Object.fromEntries(all.map((each) => [each.type, `${each.status} ${each.reason}`]));
}

test('a new cluster gets its objects, which are its own, and a status', async () => {
  operator = await OperatorProcess.start(namespace);
  await createCluster(client, namespace, 'orders', { settings: { tickMs: 20 } });
  const cluster = await looked('orders');
  const { uid, generation } = cluster.metadata;

  const owned: readonly (readonly [ObjectKind, string])[] = [
    ['StatefulSet', 'orders'],
    ['Service', 'orders-members'],
    ['PodDisruptionBudget', 'orders'],
    ['NetworkPolicy', 'orders'],
    ['ServiceAccount', 'orders-member'],
  ];
  for (const [kind, name] of owned) {
    const { metadata } = await get(kind, name);
    expect(metadata?.ownerReferences).toMatchObject([
      { kind: 'PaxosCluster', name: 'orders', uid, controller: true },
    ]);
    expect(metadata?.labels).toMatchObject({ 'paxos.synod.dev/cluster': 'orders' });
  }

  const selector = { 'paxos.synod.dev/cluster': 'orders', 'app.kubernetes.io/component': 'member' };
  expect(await get('PodDisruptionBudget', 'orders')).toMatchObject({
    spec: {
      maxUnavailable: 1,
      // Nobody runs it: it holds up no drain.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selector },
    },
  });
  expect(await get('Service', 'orders-members')).toMatchObject({
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector },
  });
  expect(await get('NetworkPolicy', 'orders')).toMatchObject({
    spec: { podSelector: { matchLabels: selector }, policyTypes: ['Ingress', 'Egress'] },
  });
  expect(await get('ServiceAccount', 'orders-member')).toMatchObject({
    automountServiceAccountToken: false,
  });

  const { spec } = await get<V1StatefulSet>('StatefulSet', 'orders');
  expect(spec).toMatchObject({
    replicas: 3,
    serviceName: 'orders-members',
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'OnDelete' },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
  const [container] = spec?.template.spec?.containers ?? [];
  expect(container?.env).toContainEqual({ name: 'SYNOD_TICK_MS', value: '20' });

  // Nobody runs pods here, and there is no NATS.
  expect(cluster.status).toMatchObject({
    observedGeneration: generation,
    phase: 'Pending',
    replicas: 0,
    readyMembers: 0,
    selector: expect.stringContaining('paxos.synod.dev/cluster=orders') as string,
  });
  expect(Object.keys(conditions(cluster)).sort()).toEqual([...conditionTypes].sort());
  expect(conditions(cluster)).toMatchObject({
    Available: 'False NotFormed',
    QuorumLost: 'False NotFormed',
    NATSReachable: 'False OperatorCutOff',
    Paused: 'False NotAsked',
  });
  for (const { message, lastTransitionTime } of cluster.status?.conditions ?? []) {
    expect(message).not.toBe('');
    expect(Date.parse(lastTransitionTime)).toBeGreaterThan(Date.now() - 60_000);
  }
});

test('a paused one gets a status, and nothing else', async () => {
  operator = await OperatorProcess.start(namespace);
  await createCluster(client, namespace, 'orders', { paused: true });
  expect(conditions(await looked('orders'))).toMatchObject({ Paused: 'True Asked' });
  await expect(get('StatefulSet', 'orders')).rejects.toThrow('not found');
  await expect(get('Service', 'orders-members')).rejects.toThrow('not found');
});

test('QuotaExceeded: where a quota forbids what it wants to make, the condition says so', async () => {
  const hard = { 'count/statefulsets.apps': '0' };
  const place = { resource: quotas, namespace };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' } };
  await client.send({ verb: 'create', ...place, body: { ...quota, spec: { hard } } });
  // The controller that counts is not there.
  await client.send({
    verb: 'patch',
    ...place,
    name: 'few',
    subresource: 'status',
    contentType: 'application/merge-patch+json',
    body: { status: { hard, used: hard } },
  });
  operator = await OperatorProcess.start(namespace);
  await createCluster(client, namespace, 'orders');
  const cluster = await looked('orders');
  expect(conditions(cluster)).toMatchObject({
    Progressing: 'False QuotaExceeded',
    Degraded: 'True QuotaExceeded',
  });
  const said = cluster.status?.conditions?.find(({ type }) => type === 'Degraded')?.message;
  expect(said).toContain('exceeded quota: few');
});

const quotas = {
  kind: 'ResourceQuota',
  apiVersion: 'v1',
  plural: 'resourcequotas',
  isNamespaced: true,
} as const;
