import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '../../../operator/src/kube/client.ts';
import { KubeConfigError, loadKubeConfig } from '../../../operator/src/kube/kube-config.ts';
import { kinds, pathOf } from '../../../operator/src/kube/kinds.ts';
import { answer, FaultServer } from './fault-server.ts';

const pod = { verb: 'get', resource: kinds.Pod, namespace: 'prod', name: 'synod-0' } as const;
const busy = { reason: 'TooManyRequests', message: 'too many requests' };

let faults: FaultServer;

beforeEach(async () => {
  faults = await FaultServer.start();
});

afterEach(async () => {
  await faults.stop();
});

test('paths', () => {
  expect(pathOf(kinds.Pod, 'prod', 'a')).toBe('/api/v1/namespaces/prod/pods/a');
  expect(pathOf(kinds.Pod, '')).toBe('/api/v1/pods');
  expect(pathOf(kinds.Node, 'ignored', 'n')).toBe('/api/v1/nodes/n');
  expect(pathOf(kinds.PaxosCluster, 'prod', 'a', 'status')).toBe(
    '/apis/paxos.synod.dev/v1alpha1/namespaces/prod/paxosclusters/a/status',
  );
  expect(pathOf(kinds.Pod, '../x', 'a/b')).toBe('/api/v1/namespaces/..%2Fx/pods/a%2Fb');
});

test('connections are kept: many requests, one after the other, need one', async () => {
  faults.play(...Array.from({ length: 20 }, () => answer(200, {})));
  const client = new Client(faults.kubeConfig);
  for (let n = 0; n < 20; n += 1) await client.send(pod);
  expect(faults.connections).toBe(1);
});

test('a kept connection that has ended is not an error to a read', async () => {
  const client = new Client(faults.kubeConfig);
  faults.play(answer(200, { n: 1 }));
  await client.send(pod);
  faults.play((response) => response.socket?.resetAndDestroy(), answer(200, { n: 2 }));
  expect(await client.send(pod)).toEqual({ n: 2 });
});

test('a change is never done twice: whether it was done is not known', async () => {
  const client = new Client(faults.kubeConfig);
  faults.play(answer(200, {}));
  await client.send(pod);
  faults.play((response) => response.socket?.resetAndDestroy(), answer(200, {}));
  const change = client.send({ ...pod, verb: 'create', body: {} });
  await expect(change).rejects.toMatchObject({ name: 'UnreachableError' });
  expect(faults.asked).toHaveLength(2);
});

test.each(['no head', 'no end'])('an answer with %s ends with the deadline', async (what) => {
  if (what === 'no end') faults.play((response) => response.write('{'));
  const client = new Client(faults.kubeConfig, { deadlineMs: 100 });
  await expect(client.send(pod)).rejects.toMatchObject({
    name: 'UnreachableError',
    message:
      'The API server did not answer when asked to get Pod prod/synod-0: the deadline passed',
  });
});

test('nobody there', async () => {
  const config = faults.kubeConfig;
  await faults.stop();
  await expect(new Client(config).send(pod)).rejects.toThrow(/did not answer.*ECONNREFUSED/);
  faults = await FaultServer.start();
});

test('429 is asked again when the server says so', async () => {
  faults.play(answer(429, busy, { 'Retry-After': '1' }), answer(200, { n: 1 }));
  const begin = performance.now();
  expect(await new Client(faults.kubeConfig).send(pod)).toEqual({ n: 1 });
  expect(performance.now() - begin).toBeGreaterThan(950);
});

test('429 that lasts beyond the deadline is said', async () => {
  faults.play(answer(429, busy, { 'Retry-After': '30' }));
  await expect(new Client(faults.kubeConfig).send(pod)).rejects.toMatchObject({
    name: 'OverloadedError',
    code: 429,
    retryAfterMs: 30_000,
    message: 'The API server refuses to get Pod prod/synod-0, with 429: too many requests',
  });
});

test('a wait for the server ends with the signal', async () => {
  faults.play(answer(429, busy, { 'Retry-After': '5' }));
  const stop = new AbortController();
  const sent = new Client(faults.kubeConfig).send({ ...pod, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('the term is over')), 100);
  await expect(sent).rejects.toThrow('the term is over');
});

test('503 with Retry-After is asked again; without, it is said', async () => {
  faults.play(answer(503, 'starting', { 'Retry-After': '0' }), answer(503, 'starting'));
  await expect(new Client(faults.kubeConfig).send(pod)).rejects.toMatchObject({
    name: 'ApiError',
    code: 503,
    message: 'The API server refuses to get Pod prod/synod-0, with 503: starting',
  });
});

test('what is no JSON is no answer', async () => {
  faults.play(answer(200, '<html>'));
  await expect(new Client(faults.kubeConfig).send(pod)).rejects.toThrow(/did not answer.*JSON/);
});

test('answers are counted, by verb, resource, subresource and code', async () => {
  const counted: string[] = [];
  const client = new Client(faults.kubeConfig, {
    deadlineMs: 100,
    onAnswer: ({ verb, resource, subresource = '', code }) =>
      counted.push(`${verb} ${resource.plural}/${subresource} ${code}`),
  });
  faults.play(answer(200, {}), answer(404, {}));
  await client.send({ ...pod, subresource: 'status' });
  await client.send(pod).catch(() => undefined);
  await client.send(pod).catch(() => undefined);
  expect(counted).toEqual(['get pods/status 200', 'get pods/ 404', 'get pods/ none']);
});

describe('kubeconfigs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'synod-kubeconfig-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test.each([
    ['', undefined, 'The kubeconfig cannot be read'],
    ['{}', undefined, 'has no context'],
    [
      '{"clusters":[],"users":[],"contexts":[{"name":"a","context":{"cluster":"c","user":"u"}}]}',
      'b',
      'The kubeconfig has no context "b" with a cluster; it has a.',
    ],
  ])('%j is refused', async (text, context, sentence) => {
    const file = path.join(folder, 'config');
    await writeFile(file, text);
    expect(() => loadKubeConfig(file, context)).toThrow(KubeConfigError);
    expect(() => loadKubeConfig(file, context)).toThrow(sentence);
  });

  test('one that is not there is refused', () => {
    const file = path.join(folder, 'none');
    expect(() => loadKubeConfig(file, undefined)).toThrow(`There is no kubeconfig ${file}.`);
  });
});
