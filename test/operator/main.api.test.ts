import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '../../operator/src/kube/client.ts';
import { kinds } from '../../operator/src/kube/kinds.ts';
import { newNamespace, sharedKubeConfig } from './api-server.ts';
import { createCluster } from './kube/cluster-sample.ts';
import { TcpProxy } from './kube/tcp-proxy.ts';
import { until } from './kube/until.ts';
import { OperatorProcess } from './operator-process.ts';

let namespace: string;
let client: Client;
let started: OperatorProcess[];

beforeEach(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((operator) => operator.kill()));
});

function run(...args: readonly string[]): OperatorProcess {
  const operator = new OperatorProcess(args);
  started.push(operator);
  return operator;
}

async function start(kubeconfig?: string): Promise<OperatorProcess> {
  const operator = await OperatorProcess.start(namespace, kubeconfig);
  started.push(operator);
  return operator;
}

describe('what a person gets wrong', () => {
  test('--help', async () => {
    const help = run('--help');
    expect(await help.ended()).toBe(0);
    expect(help.output).toContain('--watch-namespace');
  });

  test.each([
    [['--colour', 'red'], "Unknown option '--colour'"],
    [['--http-port', 'x'], '--http-port (SYNOD_HTTP_PORT) has "x"; it wants: a whole number'],
    [['--kubeconfig', '/nowhere'], 'There is no kubeconfig /nowhere.'],
  ])('%j', async (args, sentence) => {
    const kubeconfig = process.env['SYNOD_TEST_KUBECONFIG'] ?? '';
    const operator = run(...['--kubeconfig', kubeconfig], ...args);
    expect(await operator.ended()).toBe(2);
    expect(operator.output).toContain(sentence);
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    const kubeconfig = process.env['SYNOD_TEST_KUBECONFIG'] ?? '';
    const operator = run('--kubeconfig', kubeconfig, '--http-port', String(port));
    expect(await operator.ended()).toBe(69);
    expect(operator.output).toContain('the port is in use');
    server.close();
  });
});

test('it leads, looks after clusters that come and go, and stops when told to', async () => {
  await createCluster(client, namespace, 'before');
  const operator = await start();
  await until(() => operator.leads());
  await until(async () => (await operator.metric('synod_operator_clusters')) === 1);
  const done = 'synod_operator_reconciles_total{result="done"}';
  await until(async () => ((await operator.metric(done)) ?? 0) >= 1);
  // As a rule of RBAC has it.
  const writes =
    'synod_operator_api_requests_total{verb="patch",group="paxos.synod.dev",resource="paxosclusters/status",code="200"}';
  expect(await operator.metric(writes)).toBeGreaterThan(0);
  const restarts = 'synod_operator_watch_restarts_total{resource="pods",reason="gone"}';
  expect(await operator.metric(restarts)).toBe(0);
  expect(await operator.get('/readyz')).toEqual({ code: 200, text: 'Ready.\n' });

  await createCluster(client, namespace, 'after');
  await until(async () => (await operator.metric('synod_operator_clusters')) === 2);
  const place = { resource: kinds.PaxosCluster, namespace, name: 'before' };
  const unready = (name: string): string =>
    `synod_operator_cluster_condition{namespace="${namespace}",name="${name}",condition="Ready",status="False"}`;
  await until(async () => (await operator.metric(unready('after'))) === 1);
  expect(await operator.metric(unready('before'))).toBe(1);
  await client.send({ verb: 'delete', ...place });
  await until(async () => (await operator.metric('synod_operator_clusters')) === 1);
  await until(async () => (await operator.metric(unready('before'))) === undefined);

  const begin = performance.now();
  operator.signal('SIGTERM');
  expect(await operator.ended()).toBe(0);
  expect(performance.now() - begin).toBeLessThan(5_000);
});

test('another one takes over at once from one that stops, and soon from one that is killed', async () => {
  const first = await start();
  await until(() => first.leads());
  const second = await start();
  const third = await start();
  await until(async () => (await second.get('/readyz')).code === 200);
  expect(await second.leads()).toBe(false);

  first.signal('SIGTERM');
  expect(await first.ended()).toBe(0);
  await until(async () => (await second.leads()) || (await third.leads()), 5_000);
  const [leader, other] = (await second.leads()) ? [second, third] : [third, second];
  await leader.kill();
  await until(() => other.leads(), 25_000);
}, 60_000);

test('without an API server it waits; without one later, it goes on afterwards', async () => {
  const config = sharedKubeConfig();
  const proxy = await TcpProxy.before(config);
  proxy.takeAway();
  const folder = await mkdtemp(path.join(tmpdir(), 'synod-operator-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, config.exportConfig());
  const operator = await start(kubeconfig);
  expect(await operator.get('/readyz')).toEqual({
    code: 503,
    text: 'Not ready: the API server has not been reached yet.\n',
  });
  proxy.bringBack();
  await until(() => operator.leads());

  proxy.takeAway();
  await until(async () => !(await operator.leads()), 15_000);
  proxy.bringBack();
  await until(() => operator.leads(), 15_000);
  await createCluster(client, namespace, 'after');
  await until(async () => (await operator.metric('synod_operator_clusters')) === 1);
  operator.signal('SIGTERM');
  expect(await operator.ended()).toBe(0);
  await proxy.stop();
  await rm(folder, { recursive: true });
}, 60_000);
