import { parseConfig } from '../../../node/src/config.ts';
import { specSchema, type PaxosClusterSpec } from '../../../operator/src/api/spec.ts';
import { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { podTemplate } from '../../../operator/src/resources/pod-template.ts';
import { storedCluster } from '../cluster.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { createCluster, sampleCluster } from '../kube/cluster-sample.ts';

const resource = kinds.PaxosCluster;
let rules = 0;
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

/** What a pod of it gives its member. */
function variablesOf(spec: PaxosClusterSpec): Record<string, string> {
  const { env = [] } = podTemplate({ ...storedCluster(), spec }).spec?.containers[0] ?? {};
  return Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'c-0']));
}

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

  const batchBytes = 65_536;
  test.each([
    [{ settings: { maxCommandBytes: 524_288 } }, 'settings.maxCommandBytes may be what'],
    [{ settings: { batchBytes } }, 'settings.maxCommandBytes may be what'],
    [{ settings: { batchBytes, maxCommandBytes: 65_537 } }, 'settings.maxCommandBytes may be what'],
    [{ settings: { maxCommandBytes: 786_433 } }, 'spec.settings.maxCommandBytes'],
    [{ settings: { batchBytes, maxCommandBytes: 65_536 } }, undefined],
    [{ settings: { maxCommandBytes: 262_144 } }, undefined],
    [{ settings: { batchBytes: 131_072 } }, undefined],
    [{ env: [{ name: 'SYNOD_MODE', value: 'on-demand' }] }, 'variables that begin with SYNOD_'],
    [{ env: [{ name: 'TZ', value: 'UTC' }, { name: 'SYNOD_WINDOW' }] }, 'begin with SYNOD_'],
    [{ env: [{ value: 'UTC' }] }, 'spec.env[0].name: Required value'],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'a' } } }] }, undefined],
    [{ settings: { logBytes: 4 * 1024 ** 3 + 1 } }, 'settings.logBytes may be half of storage'],
    [{ settings: { logBytes: 4 * 1024 ** 3 } }, undefined],
    [
      { settings: { logBytes: 5 * 1024 ** 3 }, storage: { size: '9Gi' } },
      'settings.logBytes may be half of storage',
    ],
    [{ settings: { quotaBytes: 5 * 1024 ** 3 } }, 'settings.quotaBytes may be half of storage'],
    [{ settings: { quotaBytes: 5 * 1024 ** 3 }, storage: { size: '10Gi' } }, undefined],
    [{ nats: { url: 'nats://user:secret@nats' } }, 'spec.nats.url'],
    [{ nats: { url: 'nats://[2001:db8::5]:4222, tls://b/' } }, undefined],
  ])('of %j it says what a member would, or a person has to know', async (spec, sentence) => {
    rules += 1;
    const created = createCluster(client, namespace, `rule-${rules}`, spec);
    if (sentence === undefined) {
      const { spec: stored } = await created;
      expect(stored).toEqual(specSchema.parse(stored));
      expect(() => parseConfig([], variablesOf(stored))).not.toThrow();
    } else {
      await expect(created).rejects.toThrow(sentence);
    }
  });

  test('a tick changes by a factor of 4 at most at a time', async () => {
    await createCluster(client, namespace, 'ticks');
    const change = (tickMs: number | null) => merge('ticks', { spec: { settings: { tickMs } } });
    const message = 'settings.tickMs may change by a factor of 4';
    await expect(change(41)).rejects.toThrow(message);
    await change(40);
    await change(100);
    await expect(change(24)).rejects.toThrow(message);
    await expect(change(null)).rejects.toThrow(message);
    await change(25);
    await change(null);
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
    expect(names).toBe(
      'Name Ready Available Degraded Members Voters Leader Phase Health Version Age Message',
    );
  });
});
