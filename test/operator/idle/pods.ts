import type { V1StatefulSet } from '@kubernetes/client-node';
import type { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { labelsOf } from '../../../operator/src/resources/labels.ts';
import { namesOf } from '../../../operator/src/resources/names.ts';
import { addressOf, MEMBERS, nameOf } from './members.ts';

const REVISION = 'revision-1';

/** Does what Kubernetes' controllers and kubelets would do with a StatefulSet: makes its pods. */
export async function runPods(client: Client, namespace: string, cluster: number): Promise<void> {
  const names = namesOf(nameOf(cluster));
  const set = { resource: kinds.StatefulSet, namespace, name: names.statefulSet };
  const { metadata } = (await client.send({ verb: 'get', ...set })) as V1StatefulSet;
  const { name = '', uid = '', generation = 1 } = metadata ?? {};
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true };
  const labels = { ...labelsOf(name), 'controller-revision-hash': REVISION };
  for (let ordinal = 0; ordinal < MEMBERS; ordinal += 1) {
    const claim = { metadata: { name: names.volume(ordinal), labels }, spec: claimSpec(ordinal) };
    const pod = {
      metadata: { name: names.pod(ordinal), labels, ownerReferences: [owner] },
      spec: { nodeName: `node-${ordinal}`, containers: [{ name: 'member', image: 'synod:1' }] },
    };
    const place = { namespace, verb: 'create' } as const;
    await client.send({ ...place, resource: kinds.PersistentVolumeClaim, body: claim });
    await client.send({ ...place, resource: kinds.Pod, body: pod });
    await setStatus(client, namespace, kinds.Pod, names.pod(ordinal), podStatus(cluster, ordinal));
  }
  const status = { observedGeneration: generation, replicas: MEMBERS, updateRevision: REVISION };
  await setStatus(client, namespace, kinds.StatefulSet, name, status);
}

function claimSpec(ordinal: number): object {
  return {
    accessModes: ['ReadWriteOnce'],
    volumeName: `volume-${ordinal}`,
    resources: { requests: { storage: '8Gi' } },
  };
}

function podStatus(cluster: number, ordinal: number): object {
  const podIP = addressOf(cluster, ordinal);
  const container = { name: 'member', image: 'synod:1', imageID: '', ready: true, restartCount: 0 };
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ ...container, state: { running: {} } }],
  };
}

async function setStatus(
  client: Client,
  namespace: string,
  resource: (typeof kinds)['Pod'],
  name: string,
  status: object,
): Promise<void> {
  await client.send({
    ...{ verb: 'patch', resource, namespace, name, subresource: 'status' },
    contentType: 'application/merge-patch+json',
    body: { status },
  });
}
