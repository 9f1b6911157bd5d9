import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { natsServersOf } from '../../../contract/src/nats-servers.ts';
import { findHelm, helm } from '../../../operator/manifests/helm.ts';
import { plainManifests } from '../../../operator/manifests/plain.ts';
import { specSchema } from '../../../operator/src/api/spec.ts';
import { networkPolicy } from '../../../operator/src/resources/network-policy.ts';
import { storedCluster } from '../../operator/cluster.ts';
import { find, parseManifests, type Manifest, type PodSpec } from '../../charts/plain-manifests.ts';

/* The chart, rendered by the real helm. */

const CHART = 'charts/synod';
const program = findHelm();

const sets = (values: readonly string[]) => values.flatMap((value) => ['--set', value]);
const text = (...values: string[]): string =>
  helm(program, 'template', 'synod', CHART, '--namespace', 'apps', ...sets(values));
const render = (...values: string[]): Manifest[] => parseManifests(text(...values));

/** Every switch on. */
const everything = [
  'operator.watchAllNamespaces=true',
  'operator.replicas=2',
  'operator.nodeSelector.disk=fast',
  'imagePullSecrets[0].name=registry',
  'nats.tls.enabled=true',
  'nats.tls.secret=nats-tls',
  'nats.tls.clientSecret=nats-ca',
  'nats.auth.generations={1,2}',
  'nats.clusters={ledger}',
  'cluster.replicas=5',
  'cluster.settings.logBytes=1073741824',
  'cluster.storage.size=20Gi',
  'backup.enabled=true',
  'networkPolicy.apiServerPorts={16443}',
  'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=sre',
  'monitoring.podMonitor.enabled=true',
  'monitoring.podMonitor.labels.release=prometheus',
  'monitoring.podMonitor.labels.app\\.kubernetes\\.io/name=other',
  'monitoring.rules.enabled=true',
  'monitoring.rules.labels.release=prometheus',
  'monitoring.rules.runbooks=https://docs.example/synod/',
  'monitoring.dashboard.enabled=true',
  'monitoring.dashboard.labels.grafana_dashboard=2',
  'operator.annotations.team=sre',
  'operator.podLabels.team=sre',
  'operator.podLabels.app\\.kubernetes\\.io/name=other',
  'operator.podAnnotations.prometheus\\.io/scrape=false',
  'operator.serviceAccount.annotations.role=a',
  'operator.extraEnv[0].name=HTTPS_PROXY',
  'operator.extraEnv[0].value=http://proxy:3128',
  'operator.extraVolumes[0].name=ca',
  'operator.extraVolumes[0].secret.secretName=ca',
  'operator.extraVolumeMounts[0].name=ca',
  'operator.extraVolumeMounts[0].mountPath=/ca',
  'operator.topologySpreadConstraints[0].topologyKey=zone',
  'assignedUser=true',
];

/** As values of Helm, and the ports that they stand for. */
const natsUrls: [string, number[]][] = [
  ['nats://10.0.0.5', [4222]],
  ['nats://nats-1', [4222]],
  ['nats-1:4333', [4333]],
  ['nats://[2001:db8::5]', [4222]],
  ['tls://[2001:db8::5]:4333', [4333]],
  ['nats://a:4333/\\, tls://nats-1\\,nats://b:4333', [4333, 4222]],
];

function spec(manifests: readonly Manifest[]): Record<string, unknown> {
  const found = manifests.find(({ kind }) => kind === 'PaxosCluster')?.spec;
  return { ...found };
}

test('k8s/synod.yaml is what "npm run manifests" writes', () => {
  const { file, text: expected } = plainManifests('.', program);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});

const variants = [
  { name: 'by default', values: [], more: [] },
  { name: 'with every switch on', values: everything, more: ['CronJob/synod-backup'] },
];

test.each(variants)('$name it has no mistakes, and is the same each time', ({ values }) => {
  helm(program, 'lint', '--strict', CHART, ...sets(values));
  expect(text(...values)).toBe(text(...values));
});

test.each([
  ['operatr.replicas=2', "additional properties 'operatr' not allowed"],
  ['operator.replica=2', "additional properties 'replica' not allowed"],
  ['cluster.replica=3', "additional properties 'replica' not allowed"],
  ['cluster.storage.sise=1Gi', "additional properties 'sise' not allowed"],
  ['nats.tls.secretName=a', "additional properties 'secretName' not allowed"],
  ['cluster.replicas=4', "at '/cluster/replicas': value must be one of 1, 3, 5, 7"],
  ['nats.replicas=2', "at '/nats/replicas': value must be one of 1, 3"],
  ['cluster.name=has.dots', "at '/cluster/name': 'has.dots' does not match pattern"],
  ['image.pullPolicy=Sometimes', "at '/image/pullPolicy': value must be one of"],
  ['operator.watchAllNamespaces=maybe', "at '/operator/watchAllNamespaces': got string"],
  ['nats.url=http://a', "at '/nats/url'"],
  ['nats.url=nats://user:secret@a', "at '/nats/url'"],
  ['nats.url=nats://a:65536', "at '/nats/url'"],
  ['operator.extraEnv[0].value=a', "at '/operator/extraEnv/0': missing property 'name'"],
  ['operator.extraEnv[0].name=SYNOD_LEASE', 'extraEnv may not have SYNOD_LEASE: the chart sets it'],
  ['backup.keep=0', "at '/backup/keep': minimum: got 0, want 1"],
  ['backup.storage.size=ten', "at '/backup/storage/size': 'ten' does not match pattern"],
  ['backup.s3.bucket=Upper', "at '/backup/s3/bucket': 'Upper' does not match pattern"],
  ['backup.s3.prefix=/a', "at '/backup/s3/prefix': '/a' does not match pattern"],
  ['backup.s3.endpoint=s3.example', "at '/backup/s3/endpoint': 's3.example' does not match"],
  ['backup.enabled=true,backup.s3.bucket=abc', 'backup.s3.credentialsSecret is missing'],
  ['backup.enabled=true,backup.s3.bucket=abc,backup.claimName=c', 'name two places: choose one'],
  ['backup.enabled=true,cluster.enabled=false', 'backup.enabled needs cluster.enabled'],
  ['nats.enabled=false', 'nats.url is missing'],
  ['nats.tls.enabled=true', 'nats.tls.clientSecret is missing'],
  ['nats.tls.enabled=true,nats.tls.clientSecret=a', 'nats.tls.secret is missing'],
])('%s is refused by name', (value, message) => {
  expect(() => text(value)).toThrow(message);
});

describe('the cluster', () => {
  const nats = {
    url: 'nats://synod-nats.apps.svc:4222',
    credentialsSecret: 'synod-nats-member-1',
    operatorSecret: 'synod-nats-operator-1',
  };

  test('has nothing in its spec that nobody set: it may be scaled', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(spec(render())).toEqual({ image: `synod:${version}`, nats });
  });

  test('has what was set', () => {
    const found = spec(render(...everything));
    expect(found).toMatchObject({
      replicas: 5,
      settings: { logBytes: 1_073_741_824 },
      storage: { size: '20Gi' },
      imagePullSecrets: [{ name: 'registry' }],
      assignedUser: true,
      nats: {
        credentialsSecret: 'synod-nats-member-2',
        operatorSecret: 'synod-nats-operator-2',
        tlsSecret: 'nats-ca',
      },
    });
    expect(specSchema.strict().safeParse(found).error).toBeUndefined();
  });

  test('may have a NATS of its own choice', () => {
    const manifests = render(
      'nats.enabled=false',
      'nats.url=tls://nats.example:4222',
      'nats.credentialsSecret=members',
      'nats.tlsSecret=ca',
    );
    expect(spec(manifests)['nats']).toEqual({
      url: 'tls://nats.example:4222',
      credentialsSecret: 'members',
      tlsSecret: 'ca',
    });
    expect(manifests.filter(({ kind }) => kind === 'StatefulSet')).toEqual([]);
  });

  test('may be none', () => {
    const manifests = render('cluster.enabled=false');
    expect(manifests.filter(({ kind }) => kind === 'PaxosCluster')).toEqual([]);
    const hooks = manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook']);
    expect(hooks.filter(({ kind }) => kind === 'Pod')).toEqual([]);
  });
});

describe('NATS', () => {
  const config = (...values: string[]): string =>
    find(render(...values), 'ConfigMap', 'synod-nats').data?.['nats.conf'] ?? '';

  test('has a user for each role, cluster and generation, and their Secrets are made', () => {
    const job = find(render(...everything), 'Job', 'synod-install');
    const args = job.spec?.template?.spec.containers.flatMap((each) => each.args ?? []);
    expect(args).toHaveLength(2 * 2 * 5 + 1);
    expect(args).toContain('ledger-nats-reader-2=ledger-reader-2');
    expect(config(...everything).match(/user: \$USERNAME_/g)).toHaveLength(2 * 2 * 5);
  });

  test('is not restarted by another version of the chart, only by another configuration', () => {
    const template = (...values: string[]) =>
      find(render(...values), 'StatefulSet', 'synod-nats').spec?.template;
    expect(template('image.tag=2.0.0')).toEqual(template());
    expect(JSON.stringify(template())).not.toContain('helm.sh/chart');
    expect(template('nats.clusters={a}')?.metadata).not.toEqual(template()?.metadata);
  });

  test('alone has no routes', () => {
    expect(config('nats.replicas=1')).not.toContain('routes');
  });
});

describe.each(variants)('$name', ({ values, more }) => {
  const manifests = render(...values);

  test('no pod may more than the restricted standard allows', () => {
    const pods = manifests.flatMap(({ kind, metadata, spec: found }): [string, PodSpec][] => {
      const { containers } = found ?? {};
      const template = found?.jobTemplate?.spec.template ?? found?.template;
      const pod = kind === 'Pod' && containers ? { ...found, containers } : template?.spec;
      return pod === undefined ? [] : [[`${kind}/${metadata.name}`, pod]];
    });
    expect(pods.map(([name]) => name).sort()).toEqual([
      ...more,
      'Deployment/synod-operator',
      'Job/synod-install',
      'Pod/synod-test',
      'StatefulSet/synod-nats',
    ]);
    for (const [, pod] of pods) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      // Where the platform assigns users, one that is named is refused.
      const isAssigned = values.includes('assignedUser=true');
      expect(JSON.stringify(pod).includes('65532')).toBe(!isAssigned);
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  test('no Secret stands in a template, and no rule has a wildcard', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const rules = manifests.filter(({ kind }) => /Role$/.test(kind));
    expect(rules.length).toBeGreaterThan(3);
    expect(JSON.stringify(rules)).not.toContain('"*"');
  });
});

test.each(['chat-log', 'counter'])(
  'helm test is there with the machine %s, and its pod goes when all is well',
  (machine) => {
    const { metadata } = find(render(`cluster.machine=${machine}`), 'Pod', 'synod-test');
    const policy = metadata.annotations?.['helm.sh/hook-delete-policy'];
    expect(policy).toBe('before-hook-creation,hook-succeeded');
  },
);

describe('backups', () => {
  const kinds = (...values: string[]) =>
    render(...values)
      .filter(({ metadata }) => metadata.name.startsWith('synod-backup'))
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
      .sort();
  const template = (...values: string[]) => {
    const manifests = render('backup.enabled=true', ...values);
    return find(manifests, 'CronJob', 'synod-backup').spec?.jobTemplate?.spec.template;
  };

  test('are made only of who asks for them', () => {
    expect(kinds()).toEqual([]);
    expect(kinds('backup.enabled=true')).toEqual([
      'CronJob/synod-backup',
      'NetworkPolicy/synod-backup',
      'PersistentVolumeClaim/synod-backups',
    ]);
    const own = ['backup.enabled=true', 'backup.claimName=mine', 'networkPolicy.enabled=false'];
    expect(kinds(...own)).toEqual(['CronJob/synod-backup']);
    expect(JSON.stringify(template('backup.claimName=mine'))).toContain('"claimName":"mine"');
  });

  test('outlive the release', () => {
    const claim = find(render('backup.enabled=true'), 'PersistentVolumeClaim', 'synod-backups');
    expect(claim.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });

  test('are saved by an administrator of NATS, who reaches it and no API server', () => {
    const pod = template('backup.keep=3', 'nats.auth.generations={1,2}');
    expect(pod?.metadata.labels).toMatchObject({ 'paxos.synod.dev/nats-client': 'true' });
    expect(pod?.spec.automountServiceAccountToken).toBe(false);
    expect(pod?.spec.containers[0]).toMatchObject({
      command: ['node', 'dist/cli/src/main.js'],
      args: ['snapshot', 'keep', '/backups', '--last', '3'],
    });
    // Where each is tried: the root of the container is read-only.
    expect(pod?.spec.containers[0]?.volumeMounts).toContainEqual({
      name: 'scratch',
      mountPath: '/tmp',
    });
    expect(pod?.spec.volumes).toContainEqual({ name: 'scratch', emptyDir: {} });
    expect(JSON.stringify(pod?.spec)).toContain('"secretName":"synod-nats-administrator-2"');
    const other = ['nats.enabled=false', 'nats.url=nats://n'];
    const secret = '"secretName":"mine"';
    expect(JSON.stringify(template(...other, 'nats.administratorSecret=mine'))).toContain(secret);
    expect(JSON.stringify(template(...other))).not.toContain('"secretName"');
  });

  test.each(natsUrls)('with NATS at %s, they reach its ports and DNS alone', (url, ports) => {
    const manifests = render('backup.enabled=true', 'nats.enabled=false', `nats.url=${url}`);
    expect(find(manifests, 'NetworkPolicy', 'synod-backup').spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        { ports: ports.map((port) => ({ port })) },
      ],
    });
  });

  const bucket = ['backup.s3.bucket=orders', 'backup.s3.credentialsSecret=s3'];

  test('go to a bucket of S3 instead of a claim', () => {
    expect(kinds('backup.enabled=true', ...bucket)).toEqual([
      'CronJob/synod-backup',
      'NetworkPolicy/synod-backup',
    ]);
    const [container] = template(...bucket, 'backup.s3.prefix=a/b')?.spec.containers ?? [];
    expect(container?.args).toEqual(['snapshot', 'keep', 's3://orders/a/b', '--last', '7']);
    const own = template(...bucket, 'backup.s3.endpoint=https://s3.example', 'backup.s3.region=x');
    expect(own?.spec.containers[0]?.args).toContain('s3://orders');
    const key = (key: string) => ({ valueFrom: { secretKeyRef: { name: 's3', key } } });
    expect(own?.spec.containers[0]?.env?.filter(({ name }) => name.startsWith('AWS_'))).toEqual([
      { name: 'AWS_REGION', value: 'x' },
      { name: 'AWS_ENDPOINT_URL_S3', value: 'https://s3.example' },
      { name: 'AWS_ACCESS_KEY_ID', ...key('AWS_ACCESS_KEY_ID') },
      { name: 'AWS_SECRET_ACCESS_KEY', ...key('AWS_SECRET_ACCESS_KEY') },
    ]);
    expect(JSON.stringify(own?.spec)).not.toContain('"backups"');
  });

  test.each([
    ['', 443],
    ['https://s3.example/', 443],
    ['http://s3.example', 80],
    ['http://s3.example:9000', 9000],
  ])('with S3 at %j they reach its port, too', (endpoint, port) => {
    const values = [...bucket, `backup.s3.endpoint=${endpoint}`];
    const policy = find(render('backup.enabled=true', ...values), 'NetworkPolicy', 'synod-backup');
    const { egress } = policy.spec as unknown as { egress: object[] }; // As the YAML has it.
    expect(egress.slice(1)).toEqual([{ ports: [{ port: 4222 }] }, { ports: [{ port }] }]);
  });
});

describe('the operator reaches NATS', () => {
  const natsPorts = (...values: string[]) => {
    const { spec: found } = find(render(...values), 'NetworkPolicy', 'synod-operator');
    const { egress } = found as unknown as { egress: { ports: object[] }[] }; // As the YAML has it.
    return egress.at(-1)?.ports;
  };

  test.each(natsUrls)('at %s, as backups and members do', (url, ports) => {
    const all = ports.map((port) => ({ port }));
    expect(natsPorts('nats.enabled=false', `nats.url=${url}`)).toEqual(all);
    const decided = natsServersOf(url.replaceAll('\\,', ',')).map(({ port }) => port);
    expect([...new Set(decided)]).toEqual(ports);
  });

  test('of clusters that have their own', () => {
    const own = natsPorts('networkPolicy.natsPorts={4333,4222}');
    expect(own).toEqual([{ port: 4222 }, { port: 4333 }]);
  });
});

test('the operator of one namespace has no rights in others, but to look at nodes', () => {
  const roles = render('rbac.aggregatedRoles=false', 'crds.upgrade=false')
    .filter(({ kind }) => kind === 'ClusterRole')
    .map(({ metadata }) => metadata.name);
  expect(roles).toEqual(['apps-synod-operator-nodes']);
});

test('the operator of all namespaces may do the same in each as the operator of one in it', () => {
  const all = find(
    render('operator.watchAllNamespaces=true'),
    'ClusterRole',
    'apps-synod-operator',
  );
  const one = find(render(), 'Role', 'synod-operator');
  expect(all.rules).toEqual(one.rules);
  expect(one.rules?.length).toBeGreaterThan(8);
});

test('the rules are in a PrometheusRule, and lead to the runbooks', () => {
  expect(render().map(({ kind }) => kind)).not.toContain('PrometheusRule');
  const made = find(render(...everything), 'PrometheusRule', 'synod');
  expect(made.metadata.labels).toMatchObject({ release: 'prometheus' });
  const file = readFileSync(`${CHART}/files/rules.yaml`, 'utf8');
  const there = file.replaceAll('runbook_url: ', 'runbook_url: https://docs.example/synod/');
  expect(made.spec).toEqual(parse(there));
});

test('the dashboard is in a ConfigMap that Grafana finds', () => {
  const map = (...values: string[]) =>
    find(render('monitoring.dashboard.enabled=true', ...values), 'ConfigMap', 'synod-dashboard');
  expect(map().metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  // Who gives a label of the same name has it, once.
  const [more, own] = ['monitoring.dashboard.labels.', 'app\\.kubernetes\\.io/name=other'];
  const { labels } = map(`${more}grafana_dashboard=yes`, `${more}${own}`).metadata;
  expect(labels).toMatchObject({ grafana_dashboard: 'yes', 'app.kubernetes.io/name': 'synod' });
  const file: unknown = JSON.parse(readFileSync(`${CHART}/files/dashboard.json`, 'utf8'));
  expect(parse(map().data?.['synod.json'] ?? '')).toEqual(file);
});

describe('the Deployment of the operator', () => {
  const deployment = (...values: string[]) =>
    find(render(...values), 'Deployment', 'synod-operator');

  test('has what may be set of it', () => {
    const { metadata, spec: found } = deployment(...everything);
    const { template } = found ?? {};
    expect(metadata.annotations).toEqual({ team: 'sre' });
    // What selects the pods stays.
    expect(template?.metadata.labels).toMatchObject({
      team: 'sre',
      'app.kubernetes.io/name': 'synod',
    });
    expect(template?.metadata.annotations).toMatchObject({
      'prometheus.io/scrape': 'false',
      'prometheus.io/port': '8081',
    });
    const [container] = template?.spec.containers ?? [];
    expect(container?.env?.at(-1)).toEqual({ name: 'HTTPS_PROXY', value: 'http://proxy:3128' });
    expect(container?.volumeMounts).toEqual([{ name: 'ca', mountPath: '/ca' }]);
    expect(template?.spec).toMatchObject({
      nodeSelector: { disk: 'fast' },
      topologySpreadConstraints: [{ topologyKey: 'zone' }],
      volumes: [{ name: 'ca', secret: { secretName: 'ca' } }],
    });
    const account = find(render(...everything), 'ServiceAccount', 'synod-operator');
    expect(account.metadata.annotations).toEqual({ role: 'a' });
  });

  test('sets each variable once, and knows which ones they are', () => {
    const names = deployment().spec?.template?.spec.containers[0]?.env?.map(({ name }) => name);
    expect(names?.length).toBeGreaterThan(5);
    for (const name of names ?? []) {
      expect(() => text(`operator.extraEnv[0].name=${name}`)).toThrow('the chart sets it');
    }
  });

  test('lets drains take one of several operators, and the only one', () => {
    const budgets = (...values: string[]) =>
      render(...values)
        .filter(({ kind }) => kind === 'PodDisruptionBudget')
        .map(({ metadata }) => metadata.name);
    expect(budgets()).toEqual(['synod-nats']);
    const two = 'operator.replicas=2';
    expect(budgets(two).sort()).toEqual(['synod-nats', 'synod-operator']);
    expect(budgets(two, 'operator.podDisruptionBudget.enabled=false')).toEqual(['synod-nats']);
  });

  test('has a right for nothing that is not done', () => {
    const { rules } = find(render(), 'Role', 'synod-operator');
    expect(JSON.stringify(rules)).not.toContain('finalizers');
    const owner = JSON.stringify(networkPolicy(storedCluster()).metadata?.ownerReferences);
    expect(owner).not.toContain('blockOwnerDeletion');
  });
});
