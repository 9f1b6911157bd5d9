import { specSchema } from '../../../operator/src/api/spec.ts';
import { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { createCluster, sampleCluster } from '../kube/cluster-sample.ts';

const resource = kinds.PaxosCluster;
let client: Client;
let namespace: string;

beforeAll(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
});

function merge(name: string, body: object, subresource?: string): Promise<unknown> {
  const contentType = 'application/merge-patch+json';
  const part = subresource === undefined ? {} : { subresource };
  return client.send({ verb: 'patch', resource, namespace, name, ...part, contentType, body });
}

const WHERE = 'a snapshot is either at claimName and path, or at s3';
const SECRETLESS = { bucket: 'abc', key: 'a/b.snapshot' };
const OBJECT = { ...SECRETLESS, credentialsSecret: 's3' };

describe('the definition, at a real API server', () => {
  test('defaults are those of our own schema', async () => {
    const { spec } = await createCluster(client, namespace, 'defaults');
    expect(spec).toEqual(specSchema.parse(sampleCluster('defaults').spec));
    expect(spec.replicas).toBe(3);
    expect(spec.storage.size).toBe('8Gi');
  });

  test.each([
    ['a.b', {}, 'the name may have no dots: it becomes part of NATS subjects'],
    ['1a', {}, 'the name has to begin with a letter: it becomes the name of a Service'],
    ['n'.repeat(41), {}, 'the name may have 40 characters at most'],
    ['four', { replicas: 4 }, 'spec.replicas: Unsupported value: 4'],
    ['machine', { machine: 'abacus' }, 'spec.machine: Unsupported value: "abacus"'],
    ['size', { storage: { size: 'big' } }, 'spec.storage.size'],
    ['window', { window: 0 }, 'spec.window'],
    ['nats', { nats: {} }, 'spec.nats.url: Required value'],
    ['tick', { settings: { tickMs: 1_000 } }, 'spec.settings.tickMs'],
    ['path', { bootstrap: { snapshot: { claimName: 'a', path: '../b' } } }, 'snapshot.path'],
    ['claim', { bootstrap: { snapshot: { path: 'b' } } }, WHERE],
    ['nowhere', { bootstrap: { snapshot: {} } }, WHERE],
    ['both', { bootstrap: { snapshot: { claimName: 'a', path: 'b', s3: OBJECT } } }, WHERE],
    ['bucket', { bootstrap: { snapshot: { s3: { ...OBJECT, bucket: 'A' } } } }, 's3.bucket'],
    ['key', { bootstrap: { snapshot: { s3: { ...OBJECT, key: 'a//b' } } } }, 's3.key'],
    ['at', { bootstrap: { snapshot: { s3: { ...OBJECT, endpoint: 's3' } } } }, 's3.endpoint'],
    ['secret', { bootstrap: { snapshot: { s3: SECRETLESS } } }, 's3.credentialsSecret: Required'],
    ['pipeline', { settings: { pipeline: 0 } }, 'spec.settings.pipeline'],
    ['decided', { decided: { colour: 'red' } }, 'spec.decided: Too many: 1'],
  ])('%s with %j is refused', async (name, spec, sentence) => {
    const created = createCluster(client, namespace, name, spec);
    await expect(created).rejects.toMatchObject({
      name: 'InvalidError',
      code: 422,
      message: expect.stringContaining(sentence) as string,
    });
  });

  test('a name of 40 characters is taken', async () => {
    await createCluster(client, namespace, 'n'.repeat(40));
  });

  test.each([
    ['of-claim', { claimName: 'a', path: 'b' }],
    ['of-bucket', { s3: OBJECT }],
  ])('a snapshot %s is taken', async (name, snapshot) => {
    const { spec } = await createCluster(client, namespace, name, { bootstrap: { snapshot } });
    expect(spec.bootstrap?.snapshot).toMatchObject(snapshot);
  });

  test('settings that the log decides may be there, with nothing in them', async () => {
    const { spec } = await createCluster(client, namespace, 'room', { decided: {} });
    expect(spec.decided).toEqual({});
  });

  test.each([
    [{ storage: { size: '7Gi' } }, 'storage cannot shrink'],
    [{ storage: { size: '8191Mi' } }, 'storage cannot shrink'],
    [{ storage: { className: 'other' } }, 'storage.className cannot be changed'],
    [{ storage: { accessMode: 'ReadWriteOncePod' } }, 'storage.accessMode cannot be changed'],
    [{ machine: 'counter' }, 'machine cannot be changed'],
    [{ window: 7 }, 'window cannot be changed'],
  ])('a change to %j is refused', async (spec, sentence) => {
    const name = 'fixed';
    await createCluster(client, namespace, name).catch(() => undefined);
    await expect(merge(name, { spec })).rejects.toThrow(sentence);
  });

  test('storage may grow, also when the unit changes', async () => {
    await createCluster(client, namespace, 'grows');
    await merge('grows', { spec: { storage: { size: '9000Mi' } } });
  });

  test('unknown fields are dropped, but for what is Kubernetes’ own', async () => {
    const affinity = { nodeAffinity: { someday: true } };
    const { spec } = await createCluster(client, namespace, 'unknown', { affinity, colour: 'red' });
    expect(spec.affinity).toEqual(affinity);
    expect(spec).not.toHaveProperty('colour');
  });

  test('the scale subresource reads and changes replicas, and refuses what is no size', async () => {
    const name = 'scaled';
    await createCluster(client, namespace, name);
    await merge(name, { status: { replicas: 2, selector: 'a=b' } }, 'status');
    const request = { verb: 'get', resource, namespace, name, subresource: 'scale' } as const;
    expect(await client.send(request)).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 2, selector: 'a=b' },
    });
    await merge(name, { spec: { replicas: 5 } }, 'scale');
    expect(await client.send(request)).toMatchObject({ spec: { replicas: 5 } });
    await expect(merge(name, { spec: { replicas: 4 } }, 'scale')).rejects.toThrow('Unsupported');
  });

  test('a table has the columns that kubectl shows', async () => {
    const name = 'columns';
    await createCluster(client, namespace, name);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const table = await client.send({ verb: 'get', resource, namespace, name, accept });
    const { columnDefinitions } = table as { columnDefinitions: { name: string }[] };
    const names = columnDefinitions.map((column) => column.name).join(' ');
    expect(names).toBe('Name Ready Voters Leader Phase Health Version Age Message');
  });
});
