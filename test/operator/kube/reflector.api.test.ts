import { pino } from 'pino';
import { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { Reflector, type Timing } from '../../../operator/src/kube/reflector.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

let direct: Client;
let proxy: TcpProxy;
let namespace: string;
let stop: AbortController;
let running: Promise<void>;
let seen: string[];
let restarts: string[];

beforeEach(async () => {
  direct = new Client(sharedKubeConfig());
  namespace = await newNamespace();
  stop = new AbortController();
  [seen, restarts] = [[], []];
});

afterEach(async () => {
  stop.abort();
  await running;
  await proxy.stop();
});

async function follow(timing: Partial<Timing> = {}, label?: string): Promise<void> {
  const config = sharedKubeConfig();
  proxy = await TcpProxy.before(config);
  const reflector = new Reflector({
    client: new Client(config, { deadlineMs: 2_000 }),
    resource: kinds.ConfigMap,
    namespace,
    ...(label !== undefined && { label }),
    sink: {
      listed: (objects) => seen.push(`listed ${objects.map(({ name }) => name).join(' ')}`),
      changed: ({ name, labels }) => seen.push(`changed ${name ?? ''} ${labels?.['of'] ?? ''}`),
      deleted: ({ name }) => seen.push(`deleted ${name ?? ''}`),
    },
    log: pino({ level: 'silent' }),
    onRestart: (_resource, reason) => restarts.push(reason),
    random: Math.random,
    timing,
  });
  running = reflector.run(stop.signal);
  await until(() => seen.length > 0);
}

const resource = kinds.ConfigMap;

async function create(name: string, labels: Record<string, string> = { of: 'synod' }) {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } };
  await direct.send({ verb: 'create', resource, namespace, body });
}

async function remove(name: string): Promise<void> {
  await direct.send({ verb: 'delete', resource, namespace, name });
}

test('only what has the label, and only its metadata', async () => {
  await create('before');
  await follow({}, 'of');
  expect(seen).toEqual(['listed before']);
  await create('other', {});
  await create('mine');
  await remove('before');
  await until(() => seen.length >= 3);
  expect(seen.slice(1)).toEqual(['changed mine synod', 'deleted before']);
});

test('nothing is lost or repeated when connections are reset, time and again', async () => {
  await follow();
  const names = Array.from({ length: 30 }, (_, index) => `n-${index}`);
  for (const [index, name] of names.entries()) {
    if (index % 5 === 4) proxy.cut();
    await create(name);
  }
  await until(() => seen.length > names.length);
  expect(seen.slice(1)).toEqual(names.map((name) => `changed ${name} synod`));
  expect(restarts).toContain('unreachable');
});

test('what happened while the API server was away is seen afterwards', async () => {
  await follow();
  proxy.takeAway();
  await create('meanwhile');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  proxy.bringBack();
  await until(() => seen.includes('changed meanwhile synod'));
  expect(seen).toHaveLength(2);
});

test('a connection that hangs is given up', async () => {
  await follow({ idleMs: 1_500 });
  await create('first');
  await until(() => seen.length === 2);
  proxy.freeze();
  await create('second');
  await until(() => seen.includes('changed second synod'));
});

test('a watch ends when it is to, and goes on', async () => {
  await follow({ watchMs: 1_000 });
  await until(() => restarts.filter((reason) => reason === 'ended').length >= 2);
  await create('after');
  await until(() => seen.includes('changed after synod'));
  expect(new Set(restarts)).toEqual(new Set(['ended']));
});
