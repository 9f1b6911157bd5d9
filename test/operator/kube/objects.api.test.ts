import type {
  KubernetesObject,
  V1ConfigMap,
  V1OwnerReference,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { PaxosCluster } from '../../../operator/src/api/paxos-cluster.ts';
import { specSchema } from '../../../operator/src/api/spec.ts';
import { Client } from '../../../operator/src/kube/client.ts';
import { coreEvents, kinds } from '../../../operator/src/kube/kinds.ts';
import type { Term } from '../../../operator/src/kube/lease.ts';
import { ApiObjects } from '../../../operator/src/kube/objects.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { createCluster } from './cluster-sample.ts';

const { signal } = new AbortController();
const held: Term = { signal, ending: signal, isHeld: () => true };

let client: Client;
let namespace: string;
let objects: ApiObjects;
let cluster: PaxosCluster;
let owner: V1OwnerReference;

beforeAll(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
  objects = new ApiObjects(client, held);
  cluster = await createCluster(client, namespace, 'synod');
  const { apiVersion, kind, metadata } = cluster;
  owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
});

function service(name: string, more: Partial<V1Service['spec']> = {}): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { a: 'b' }, ownerReferences: [owner] },
    spec: { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }], ...more },
  };
}

function map(name: string, data: Record<string, string>, more: object = {}): V1ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...more }, data };
}

async function live<T extends KubernetesObject>(kind: 'Service' | 'ConfigMap', name: string) {
  const found = await objects.get<T>(kind, namespace, name);
  expect(found).toBeDefined();
  return found!;
}

describe('reading', () => {
  test('what is not there is undefined', async () => {
    expect(await objects.get('Pod', namespace, 'nobody')).toBeUndefined();
  });

  test('times of the metadata are dates', async () => {
    const { metadata } = (await objects.get<PaxosCluster>('PaxosCluster', namespace, 'synod'))!;
    expect(metadata.creationTimestamp).toBeInstanceOf(Date);
  });

  test('lists have what carries the labels, and all of it, however long', async () => {
    const labels = { listed: 'yes' };
    const names = Array.from({ length: 501 }, (_, index) => `listed-${index}`);
    await Promise.all(names.map((name) => objects.create(map(name, {}, { labels }))));
    await objects.create(map('unlisted', {}));
    const found = await objects.list('ConfigMap', namespace, labels);
    expect(found.map(({ metadata }) => metadata?.name).sort()).toEqual(names.sort());
  }, 60_000);

  test('kinds without namespaces', async () => {
    expect(await objects.list('Node', '', {})).toEqual([]);
    expect(await objects.get('PersistentVolume', '', 'none')).toBeUndefined();
  });
});

describe('creating', () => {
  test('the second one finds the first', async () => {
    expect(await objects.create(map('once', { who: 'first' }))).toBe('created');
    expect(await objects.create(map('once', { who: 'second' }))).toBe('exists');
    expect((await live<V1ConfigMap>('ConfigMap', 'once')).data).toEqual({ who: 'first' });
  });

  test('a kind of which nothing is known here', async () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } };
    await expect(objects.create(object)).rejects.toThrow(TypeError);
  });
});

describe('applying', () => {
  test('creates, finds nothing to change, changes', async () => {
    expect(await objects.apply(service('applied'), owner)).toBe('changed');
    expect(await objects.apply(service('applied'), owner)).toBe('unchanged');
    expect(await objects.apply(service('applied'), owner)).toBe('unchanged');
    const other = service('applied', { publishNotReadyAddresses: true });
    expect(await objects.apply(other, owner)).toBe('changed');
    expect(await objects.apply(other, owner)).toBe('unchanged');
  });

  test('what is applied no more is removed, also when the creation set it', async () => {
    const sticky = service('sticky', { publishNotReadyAddresses: true });
    await objects.apply(sticky, owner);
    await objects.apply(service('sticky'), owner);
    const { spec } = await live<V1Service>('Service', 'sticky');
    expect(spec?.publishNotReadyAddresses).toBeUndefined();
  });

  test('what others set stays, unless it is ours', async () => {
    await objects.apply(service('shared'), owner);
    const body = { metadata: { labels: { a: 'other', theirs: 'yes' } } };
    const place = { resource: kinds.Service, namespace, name: 'shared' };
    const contentType = 'application/merge-patch+json';
    const query = { fieldManager: 'somebody' };
    await client.send({ verb: 'patch', ...place, query, contentType, body });
    expect(await objects.apply(service('shared'), owner)).toBe('changed');
    const { metadata } = await live<V1Service>('Service', 'shared');
    expect(metadata?.labels).toEqual({ a: 'b', theirs: 'yes' });
  });

  test('an object without a controller is left alone', async () => {
    await objects.create(map('somebody', { whose: 'theirs' }));
    const mine = map('somebody', { whose: 'mine' }, { ownerReferences: [owner] });
    const applied = objects.apply(mine, owner);
    await expect(applied).rejects.toMatchObject({
      name: 'ForeignObjectError',
      message: `ConfigMap ${namespace}/somebody is there, and is left alone: PaxosCluster synod did not make it. Delete or rename one of the two.`,
    });
    expect((await live<V1ConfigMap>('ConfigMap', 'somebody')).data).toEqual({ whose: 'theirs' });
  });

  test('an object of a cluster of the same name that was there before is left alone', async () => {
    const before = { ...owner, uid: '00000000-0000-0000-0000-000000000000' };
    await objects.create(map('before', {}, { ownerReferences: [before] }));
    const mine = map('before', {}, { ownerReferences: [owner] });
    await expect(objects.apply(mine, owner)).rejects.toThrow(
      /belongs to PaxosCluster synod of uid 0000.*not to PaxosCluster synod of uid/,
    );
  });

  test('what breaks a rule is named', async () => {
    await objects.apply(service('broken'), owner);
    const applied = objects.apply(service('broken', { ports: [{ port: 0 }] }), owner);
    await expect(applied).rejects.toMatchObject({
      name: 'InvalidError',
      code: 422,
      message: expect.stringMatching(
        /refuses to patch Service test-\w+\/broken, with 422: .*spec\.ports/,
      ) as string,
    });
  });

  test('many at once agree', async () => {
    const applied = Array.from({ length: 8 }, () => objects.apply(service('raced'), owner));
    const ended = await Promise.allSettled(applied);
    // Whoever reads while another one takes the fields over is told to look again.
    const refused = ended.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as Error] : [],
    );
    expect(refused.every((error) => error.name === 'ConflictError')).toBe(true);
    expect(await objects.apply(service('raced'), owner)).toBe('unchanged');
  });
});

describe('patching', () => {
  test('needs the object that was read', async () => {
    await objects.create(map('patched', { a: '1' }));
    const { metadata } = await live<V1ConfigMap>('ConfigMap', 'patched');
    const { uid = '', resourceVersion = '' } = metadata ?? {};
    const patch = { data: { b: '2' }, metadata: { annotations: { note: 'x' } } };
    await objects.patch('ConfigMap', namespace, 'patched', patch, { uid, resourceVersion });
    const now = await live<V1ConfigMap>('ConfigMap', 'patched');
    expect(now).toMatchObject({
      data: { a: '1', b: '2' },
      metadata: { annotations: { note: 'x' } },
    });

    const change = { data: { c: '3' } };
    const stale = objects.patch('ConfigMap', namespace, 'patched', change, {
      uid,
      resourceVersion,
    });
    await expect(stale).rejects.toMatchObject({ name: 'ConflictError', code: 409 });
  });

  test('another object of that name is not the one', async () => {
    await objects.create(map('reborn', {}));
    const uid = '00000000-0000-0000-0000-000000000000';
    const patched = objects.patch('ConfigMap', namespace, 'reborn', { data: { x: 'y' } }, { uid });
    await expect(patched).rejects.toMatchObject({ name: 'ConflictError' });
  });
});

describe('removing', () => {
  test('needs the object that was read; one that is gone is fine', async () => {
    await objects.create(map('removed', {}));
    const { metadata } = await live<V1ConfigMap>('ConfigMap', 'removed');
    const { uid = '', resourceVersion } = metadata ?? {};
    const another = '00000000-0000-0000-0000-000000000000';
    await expect(objects.remove('ConfigMap', namespace, 'removed', another)).rejects.toMatchObject({
      name: 'ConflictError',
    });
    await expect(objects.remove('ConfigMap', namespace, 'removed', uid, '1')).rejects.toMatchObject(
      { name: 'ConflictError' },
    );
    await objects.remove('ConfigMap', namespace, 'removed', uid, resourceVersion);
    expect(await objects.get('ConfigMap', namespace, 'removed')).toBeUndefined();
    await objects.remove('ConfigMap', namespace, 'removed', uid, resourceVersion);
  });

  test('a StatefulSet leaves its pods behind', async () => {
    const labels = { app: 'x' };
    const containers = [{ name: 'x', image: 'x' }];
    const set: V1StatefulSet = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'set', namespace, ownerReferences: [owner] },
      spec: {
        serviceName: 'x',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    };
    await objects.apply(set, owner);
    const made = (await objects.get('StatefulSet', namespace, 'set'))!;
    await objects.remove('StatefulSet', namespace, 'set', made.metadata?.uid ?? '');
    // Whoever collects garbage is told so by a finalizer, and nobody does so here.
    const { metadata } = (await objects.get('StatefulSet', namespace, 'set'))!;
    expect(metadata?.finalizers).toEqual(['orphan']);
    expect(metadata?.deletionTimestamp).toBeInstanceOf(Date);
  });
});

describe('the status', () => {
  const condition = (type: 'Available' | 'Degraded') => ({
    type,
    status: 'True' as const,
    reason: 'Because',
    message: 'Because it is so.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });

  test('is written as a whole: what it has not is removed', async () => {
    const before = await createCluster(client, namespace, 'status');
    const read = async () =>
      (await objects.get<PaxosCluster>('PaxosCluster', namespace, 'status'))!;
    await objects.writeStatus(before, {
      phase: 'Running',
      leader: 'status-0',
      conditions: [condition('Available'), condition('Degraded')],
    });
    const now = await read();
    await objects.writeStatus(now, { phase: 'Scaling', conditions: [condition('Available')] });
    expect((await read()).status).toEqual({
      phase: 'Scaling',
      conditions: [condition('Available')],
    });
    expect((await read()).spec).toEqual(specSchema.parse(before.spec));
    // Both were computed from what was there before.
    await expect(objects.writeStatus(now, {})).rejects.toMatchObject({ name: 'ConflictError' });
  });

  test('is not written for another cluster of that name', async () => {
    const first = await createCluster(client, namespace, 'again');
    const { uid, name } = first.metadata;
    await objects.remove('PaxosCluster', namespace, name, uid);
    const toGone = objects.writeStatus(first, { phase: 'Running' });
    await expect(toGone).rejects.toMatchObject({ name: 'NotFoundError', code: 404 });
    expect(await objects.get('PaxosCluster', namespace, name)).toBeUndefined();

    await createCluster(client, namespace, name);
    const toAnother = objects.writeStatus(first, { phase: 'Running' });
    await expect(toAnother).rejects.toMatchObject({ name: 'ConflictError' });
  });
});

test('warnings about an object, the newest last', async () => {
  const uid = 'de305d54-75b4-431b-adb2-eb6b9e546014';
  const say = (reason: string, type: string, lastTimestamp: string) =>
    client.send({
      verb: 'create',
      resource: coreEvents,
      namespace,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: reason.toLowerCase() },
        involvedObject: { kind: 'Pod', namespace, name: 'p', uid },
        ...{ type, reason, message: `${reason}!`, lastTimestamp },
      },
    });
  await say('Second', 'Warning', '2026-01-01T00:00:02Z');
  await say('First', 'Warning', '2026-01-01T00:00:01Z');
  await say('Fine', 'Normal', '2026-01-01T00:00:03Z');
  expect(await objects.warnings(namespace, uid)).toEqual([
    { reason: 'First', message: 'First!' },
    { reason: 'Second', message: 'Second!' },
  ]);
  expect(await objects.warnings(namespace, 'another')).toEqual([]);
});

describe('refusals', () => {
  test('what is forbidden is named, with verb and resource', async () => {
    const config = sharedKubeConfig();
    const [user] = config.getUsers();
    config.users = [{ ...user!, impersonateUser: 'nobody' }];
    const forbidden = new ApiObjects(new Client(config), held);
    await expect(forbidden.create(map('x', {}))).rejects.toMatchObject({
      name: 'ForbiddenError',
      code: 403,
      message: expect.stringMatching(
        /^The API server refuses to create configmaps in test-\w+, with 403: configmaps is forbidden: User "nobody" cannot create resource "configmaps"/,
      ) as string,
    });
    await expect(forbidden.get('Secret', namespace, 'key')).rejects.toThrow(
      /refuses to get Secret test-\w+\/key, with 403: .*cannot get resource "secrets"/,
    );
  });

  test('who is nobody is told so', async () => {
    const config = sharedKubeConfig();
    config.users = [{ name: 'admin', token: 'made-up' }];
    const unknown = new ApiObjects(new Client(config), held);
    await expect(unknown.get('Pod', namespace, 'x')).rejects.toMatchObject({
      name: 'UnauthorizedError',
      code: 401,
    });
  });

  test('a quota is named', async () => {
    const full = await newNamespace();
    const quotas = { kind: 'ResourceQuota', apiVersion: 'v1', plural: 'resourcequotas' };
    const place = { resource: { ...quotas, isNamespaced: true }, namespace: full };
    const hard = { 'count/configmaps': '0' };
    const body = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' } };
    await client.send({ ...place, verb: 'create', body: { ...body, spec: { hard } } });
    await client.send({
      ...place,
      name: 'none',
      ...{ verb: 'patch', subresource: 'status', contentType: 'application/merge-patch+json' },
      body: { status: { hard, used: hard } },
    });
    // The API server hears of it a little later.
    const createMany = async (): Promise<void> => {
      const deadline = performance.now() + 10_000;
      for (let n = 0; performance.now() < deadline; n += 1) {
        const one = map(`full-${n}`, {});
        await objects.create({ ...one, metadata: { name: `full-${n}`, namespace: full } });
      }
    };
    await expect(createMany()).rejects.toMatchObject({
      name: 'ForbiddenError',
      message: expect.stringContaining('exceeded quota: none') as string,
    });
  });

  test('nothing is changed when the term is over; what is under way ends', async () => {
    const over = new ApiObjects(client, { signal, ending: signal, isHeld: () => false });
    await expect(over.create(map('late', {}))).rejects.toMatchObject({ name: 'NotLeadingError' });
    await expect(over.remove('ConfigMap', namespace, 'late', 'uid')).rejects.toThrow(
      `This operator does not lead any more, and does not delete ConfigMap ${namespace}/late.`,
    );
    expect(await over.get('ConfigMap', namespace, 'late')).toBeUndefined();

    const ended = new AbortController();
    const ending = new ApiObjects(client, { ...held, signal: ended.signal });
    const reading = ending.get('ConfigMap', namespace, 'late');
    ended.abort(new Error('the term is over'));
    await expect(reading).rejects.toThrow('the term is over');
  });
});
