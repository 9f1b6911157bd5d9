import { natsServersOf } from '../../../contract/src/nats-servers.ts';
import { LOST, RESTARTED_AT, SNAPSHOT } from '../../../operator/src/resources/annotations.ts';
import {
  firstConfigurationMap,
  readFirstConfiguration,
} from '../../../operator/src/resources/first-configuration-map.ts';
import { ordinalOf } from '../../../operator/src/resources/names.ts';
import { networkPolicy } from '../../../operator/src/resources/network-policy.ts';
import { podTemplate } from '../../../operator/src/resources/pod-template.ts';
import { withRestoreStep } from '../../../operator/src/resources/restore-step.ts';
import { statefulSet } from '../../../operator/src/resources/stateful-set.ts';
import { storedCluster } from '../cluster.ts';

const first = { clusterId: 'x', members: ['a', 'b', 'c'], window: 16 };

test('ordinals are those of this cluster alone', () => {
  expect(ordinalOf('c', 'c-0')).toBe(0);
  expect(ordinalOf('c', 'data-c-12')).toBe(12);
  expect(ordinalOf('data', 'data-data-3')).toBe(3);
  for (const name of ['c', 'c-', 'c-01', 'c-1-0', 'd-0', 'data-d-0', 'c-x', undefined]) {
    expect(ordinalOf('c', name)).toBeUndefined();
  }
});

test('the pod keeps to the restricted standard', () => {
  const { spec } = podTemplate(storedCluster());
  expect(spec?.securityContext).toMatchObject({
    runAsNonRoot: true,
    fsGroup: 65_532,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(spec?.automountServiceAccountToken).toBe(false);
  expect(spec?.containers[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('where the platform assigns users, the pod names none', () => {
  const { spec } = podTemplate(storedCluster({ assignedUser: true }));
  expect(spec?.securityContext).toEqual({
    runAsNonRoot: true,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  });
});

test('a pod asks for what a member takes, unless the spec says otherwise', () => {
  const bootstrap = { snapshot: { claimName: 'backups', path: 'a.snapshot' } };
  const resourcesOf = (spec: object) => {
    const cluster = storedCluster({ ...spec, bootstrap });
    const { spec: pod } = withRestoreStep(podTemplate(cluster), cluster);
    const all = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
    return all.map(({ resources }) => resources);
  };
  const least = { requests: { cpu: '100m', memory: '256Mi' } };
  expect(resourcesOf({})).toEqual([least, least]);
  const own = { limits: { memory: '1Gi' } };
  expect(resourcesOf({ resources: own })).toEqual([own, own]);
});

test.each([
  ['8Gi', 3_600],
  ['300Gi', 3_600],
  ['1Ti', 11_000],
  ['16Ti', 175_925],
])('of a volume of %s, a member has %i s to read it', (size, seconds) => {
  const [container] = podTemplate(storedCluster({ storage: { size } })).spec?.containers ?? [];
  const { periodSeconds = 0, failureThreshold = 0 } = container?.startupProbe ?? {};
  expect(periodSeconds * failureThreshold).toBe(seconds);
});

test('a member asks the operator what it remembers', () => {
  const [container] = podTemplate(storedCluster()).spec?.containers ?? [];
  expect(container?.env).toContainEqual({ name: 'SYNOD_WITNESS', value: 'operator' });
});

test('settings and secrets reach the member; its identity is not for the spec to change', () => {
  const { spec } = podTemplate(
    storedCluster({
      nats: { url: 'nats://a:4222', credentialsSecret: 'user', tlsSecret: 'ca' },
      settings: { logLevel: 'debug', batchBytes: 4096, pipeline: 4, tickMs: 20 },
      env: [
        { name: 'SYNOD_NAME', value: 'other' },
        { name: 'SYNOD_MODE', value: 'on-demand' },
        { name: 'TZ', value: 'UTC' },
      ],
    }),
  );
  const [container] = spec?.containers ?? [];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  expect(env).toMatchObject({
    SYNOD_CLUSTER: 'c',
    SYNOD_DATA: '/data/member',
    SYNOD_NATS_URL: 'nats://a:4222',
    SYNOD_NATS_CREDENTIALS_DIR: '/etc/synod/nats',
    SYNOD_NATS_TLS_DIR: '/etc/synod/tls',
    SYNOD_LOG_LEVEL: 'debug',
    SYNOD_BATCH_BYTES: '4096',
    SYNOD_PIPELINE: '4',
    SYNOD_TICK_MS: '20',
    TZ: 'UTC',
  });
  expect(env['SYNOD_NAME']).toBeUndefined();
  // With it nobody would lead by themselves.
  expect(env).not.toHaveProperty('SYNOD_MODE');
  expect(container?.volumeMounts).toEqual([
    { name: 'data', mountPath: '/data' },
    { name: 'nats', mountPath: '/etc/synod/nats', readOnly: true },
    { name: 'tls', mountPath: '/etc/synod/tls', readOnly: true },
  ]);
});

test('of annotations of the cluster, the template has the one that asks for a restart', () => {
  const cluster = storedCluster(
    { podAnnotations: { team: 'a' } },
    { [RESTARTED_AT]: '1', [LOST]: 'x' },
  );
  expect(podTemplate(cluster).metadata?.annotations).toEqual({
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8080',
    'prometheus.io/path': '/metrics',
    team: 'a',
    [RESTARTED_AT]: '1',
  });
});

test('what restores a snapshot reads it alone, and may no more than the member', () => {
  const snapshot = { claimName: 'backups', path: 'old/a.snapshot' };
  const asking = storedCluster({ bootstrap: { snapshot } });
  const { metadata, spec } = withRestoreStep(podTemplate(asking), asking);
  const [restorer, ...more] = spec?.initContainers ?? [];
  expect(more).toEqual([]);
  expect(restorer?.command?.slice(2)).toEqual([
    ...['snapshot', 'restore', '/snapshot/old/a.snapshot', '--data', '/data/member', '--if-blank'],
  ]);
  expect(restorer?.securityContext).toEqual(spec?.containers[0]?.securityContext);
  expect(restorer?.volumeMounts).toEqual([
    { name: 'data', mountPath: '/data' },
    { name: 'snapshot', mountPath: '/snapshot', readOnly: true },
  ]);
  expect(spec?.volumes).toEqual([
    { name: 'snapshot', persistentVolumeClaim: { claimName: 'backups', readOnly: true } },
  ]);
  expect(metadata?.annotations?.[SNAPSHOT]).toBe('backups/old/a.snapshot');
  expect(withRestoreStep(podTemplate(storedCluster()), storedCluster())).toEqual(
    podTemplate(storedCluster()),
  );
});

test('what restores one from a bucket has its Secret, room for a copy, and the port of S3', () => {
  const s3 = { bucket: 'backups', key: 'orders/a.snapshot', credentialsSecret: 'orders-s3' };
  const from = (more: object = {}) =>
    storedCluster({ bootstrap: { snapshot: { s3: { ...s3, ...more } } } });
  const asking = from({ endpoint: 'http://minio:9000' });
  const { metadata, spec } = withRestoreStep(podTemplate(asking), asking);
  const [restorer] = spec?.initContainers ?? [];
  const key = (key: string) => ({ valueFrom: { secretKeyRef: { name: 'orders-s3', key } } });
  expect(restorer?.command?.slice(4, 5)).toEqual(['s3://backups/orders/a.snapshot']);
  expect(restorer?.env).toEqual([
    { name: 'AWS_REGION', value: 'us-east-1' },
    { name: 'AWS_ENDPOINT_URL_S3', value: 'http://minio:9000' },
    { name: 'AWS_ACCESS_KEY_ID', ...key('AWS_ACCESS_KEY_ID') },
    { name: 'AWS_SECRET_ACCESS_KEY', ...key('AWS_SECRET_ACCESS_KEY') },
  ]);
  expect(restorer?.volumeMounts).toEqual([
    { name: 'data', mountPath: '/data' },
    { name: 'scratch', mountPath: '/tmp' },
  ]);
  expect(spec?.volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
  expect(spec?.containers[0]?.env?.map(({ name }) => name)).not.toContain('AWS_ACCESS_KEY_ID');
  expect(metadata?.annotations?.[SNAPSHOT]).toBe(
    's3://backups/orders/a.snapshot http://minio:9000 us-east-1 orders-s3',
  );
  const ports = (cluster: ReturnType<typeof from>) =>
    networkPolicy(cluster).spec?.egress?.[0]?.ports?.map(({ port }) => port);
  const own = ports(storedCluster()) ?? [];
  expect(ports(asking)).toEqual([...own, 9000]);
  expect(ports(from())).toEqual([...own, 443]);
  expect(ports(from({ endpoint: 'http://minio' }))).toEqual([...own, 80]);
});

test.each(['/etc/passwd', '../a', 'a/../b', 'a//b', '.hidden', 'a/'])(
  'a snapshot is not at %s',
  (path) => {
    const asking = () => storedCluster({ bootstrap: { snapshot: { claimName: 'c', path } } });
    expect(asking).toThrow('path');
  },
);

test('a StatefulSet that is there keeps its claims: they cannot be changed', () => {
  const template = podTemplate(storedCluster());
  const made = (size: string, live?: ReturnType<typeof statefulSet>) =>
    statefulSet(storedCluster({ storage: { size } }), { replicas: 3, template, memory: '', live });
  const small = made('1Gi');
  expect(made('2Gi', small).spec?.volumeClaimTemplates).toEqual(small.spec?.volumeClaimTemplates);
  expect(small.spec).toMatchObject({
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'OnDelete' },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
});

test('a volume is for one node, or, where that is asked for, for one pod', () => {
  const template = podTemplate(storedCluster());
  const modes = (storage: object) =>
    statefulSet(storedCluster({ storage }), { replicas: 3, template, memory: '', live: undefined })
      .spec?.volumeClaimTemplates?.[0]?.spec?.accessModes;
  expect(modes({})).toEqual(['ReadWriteOnce']);
  expect(modes({ accessMode: 'ReadWriteOncePod' })).toEqual(['ReadWriteOncePod']);
});

test.each([
  ['nats://a:4333,tls://b, nats://[::1]:4222/', [4222, 4333]],
  ['nats://10.0.0.5', [4222]],
  ['nats://nats-1', [4222]],
  ['nats-1:4333', [4333]],
  ['nats://[2001:db8::5]', [4222]],
  ['nats://[2001:db8::5]:4333', [4333]],
  ['nats://a:4333/,nats://b:4333', [4333]],
])('the policy lets members speak to the ports of their NATS: %s', (url, ports) => {
  const { spec } = networkPolicy(storedCluster({ nats: { url } }));
  expect(spec?.egress?.[0]?.ports?.map(({ port }) => port)).toEqual([53, 53, ...ports]);
  // Those are the ports that members connect to.
  expect(ports).toEqual(expect.arrayContaining(natsServersOf(url).map(({ port }) => port)));
});

test('the first configuration goes with the cluster only if the volumes do', () => {
  expect(firstConfigurationMap(storedCluster(), first).metadata?.ownerReferences).toEqual([]);
  const deleted = storedCluster({ storage: { whenDeleted: 'Delete' } });
  expect(firstConfigurationMap(deleted, first).metadata?.ownerReferences).toHaveLength(1);
});

test('a first configuration that was changed, or is another cluster’s, is none', () => {
  const map = firstConfigurationMap(storedCluster(), first);
  expect(readFirstConfiguration(storedCluster(), map)).toEqual(first);
  const texts = Object.entries(map.data ?? {});
  const data = Object.fromEntries(texts.map(([key, text]) => [key, text.replace('"a"', '"z"')]));
  const changed = { ...map, data };
  expect(readFirstConfiguration(storedCluster(), changed)).toBeUndefined();
  expect(readFirstConfiguration(storedCluster(), { ...map, metadata: {} })).toBeUndefined();
});
