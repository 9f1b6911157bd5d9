import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { leaderOf } from '../../../client/src/members.ts';
import { parseConfig } from '../../../node/src/config.ts';
import { createLogger } from '../../../host/src/logger.ts';
import { Node } from '../../../node/src/service/node.ts';
import { FolderLock } from '../../../node/src/storage/folder-lock.ts';
import { httpStatus } from '../../../operator/src/members/http-status.ts';
import { NatsMembers } from '../../../operator/src/members/nats-members.ts';
import { gistOf } from '../../../operator/src/observation/gist.ts';
import { freePorts } from '../../journeys/cli-run.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { until } from '../../journeys/test-cluster.ts';
import { storedCluster } from '../cluster.ts';
import { ModelObjects } from '../reconcile/model/model-objects.ts';

const pods = ['c-0', 'c-1', 'c-2', 'c-3'];
const quiet = {
  changing: () => undefined,
  removing: () => undefined,
  applying: () => undefined,
  changed: () => undefined,
};
const objects = new ModelObjects(quiet, Date.now);

let folder: string;
let nats: NatsProcess;
let nodes: Node[];
let ports: number[];
let members: NatsMembers;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-operator-'));
  nats = await NatsProcess.reserve();
  ports = await freePorts(pods.length);
  nodes = await Promise.all(pods.map((name, index) => nodeOf(name, ports[index] ?? 0)));
  members = new NatsMembers({
    objects,
    look: ({ pod, ip }) => httpStatus(ip, ports[pods.indexOf(pod)], 500),
  });
});

async function nodeOf(name: string, port: number): Promise<Node> {
  const flags = { cluster: 'c', namespace: 'n', name, data: path.join(folder, name) };
  const all = Object.entries({ ...flags, 'nats-url': nats.url, 'http-port': String(port) });
  const config = parseConfig(
    all.flatMap(([flag, value]) => [`--${flag}`, value]),
    {},
  );
  const lock = await FolderLock.take(config.data, name, () => undefined);
  const log = createLogger('silent', { name });
  const fatal = (error: Error): void => {
    throw error;
  };
  const nothing = (): undefined => undefined;
  return new Node(config, lock, log, fatal, nothing, nothing);
}

afterAll(async () => {
  await members.close();
  await Promise.all(nodes.map((node) => node.stop()));
  await nats.kill();
  fs.rmSync(folder, { recursive: true });
});

const cluster = () => storedCluster({ nats: { url: nats.url } });
const look = () =>
  members.look(
    cluster(),
    pods.map((pod) => ({ pod, ip: '127.0.0.1' })),
  );

test('without NATS, members are seen at their pods, and it is said why no more is known', async () => {
  const started = nodes.map((node) => node.start());
  const heard = await until('four pods that answer', async () => {
    const now = await look();
    return now.http.size === pods.length ? now : undefined;
  });
  expect(heard.nats).toEqual([]);
  const { connection } = heard;
  expect(connection.up ? '' : connection.why).toContain(nats.url);
  await expect(members.transfer(cluster(), 'x')).rejects.toThrow(SynodError);
  await nats.start();
  await Promise.all(started);
});

test('members are told their cluster, change, and hand over, as the operator asks for', async () => {
  const { http } = await until('NATS for the operator', async () => {
    const now = await look();
    return now.connection.up && now.nats.length === pods.length ? now : undefined;
  });
  const ids = pods.map((pod) => http.get(pod)?.member ?? '');
  const [a = '', b = '', c = '', d = ''] = ids;
  const first = { clusterId: 'x', members: [a, b, c], window: 16 };
  await Promise.all(first.members.map((id) => members.form(cluster(), id, first)));
  const leading = () =>
    until('a leader', async () => {
      const heard = await look();
      const leader = leaderOf(heard.nats);
      return leader?.ready === true ? leader : undefined;
    });
  const leader = await leading();
  const heir = first.members.find((id) => id !== leader.member) ?? '';
  await members.transfer(cluster(), heir);
  await until('the heir to lead', async () =>
    (await leading()).member === heir ? true : undefined,
  );

  const base = 0;
  await members.form(cluster(), d, first);
  const added = await members.change(cluster(), { step: 'add', member: d, base, force: false });
  expect(added).toMatchObject({ ok: true, configuration: { number: 1, learners: [d] } });
  const again = await members.change(cluster(), { step: 'add', member: d, base, force: false });
  expect(again).toMatchObject({ ok: true });
  const late = await members.change(cluster(), { step: 'remove', member: a, base, force: false });
  expect(late).toEqual({ ok: false, code: 'OUTDATED' });
  const removed = await members.change(cluster(), {
    step: 'remove',
    member: d,
    base: 1,
    force: false,
  });
  expect(removed).toMatchObject({ ok: true, configuration: { number: 2, voters: [a, b, c] } });
  // What confirms that a member is none any more, and that this has settled.
  const settled = await members.change(cluster(), {
    step: 'remove',
    member: d,
    base: 1,
    force: false,
  });
  expect(settled).toEqual(removed);
});

test('members that have a leader refuse to recover, and to set their data aside', async () => {
  const { nats: found } = await look();
  const member = found.find(({ role }) => role === 'follower')?.member ?? '';
  const request = { clusterId: 'x', newClusterId: 'y' };
  const refused = { code: 'HAS_LEADER' };
  await expect(members.recover(cluster(), member, request)).rejects.toMatchObject(refused);
  await expect(members.setAside(cluster(), member, request)).rejects.toMatchObject(refused);
  const wrong = { code: 'ANOTHER_CLUSTER' };
  const other = { clusterId: 'y', newClusterId: 'z' };
  await expect(members.recover(cluster(), member, other)).rejects.toMatchObject(wrong);
  await expect(members.setAside(cluster(), member, other)).rejects.toMatchObject(wrong);
});

test('who answers at the address of a pod has to be that pod', async () => {
  const wrong = await members.look(cluster(), [{ pod: 'c-9', ip: '127.0.0.1' }]);
  expect(wrong.http.size).toBe(0);
  const stranger = new NatsMembers({ objects, look: () => httpStatus('127.0.0.1', ports[1]) });
  const heard = await stranger.look(cluster(), [{ pod: 'c-0', ip: '127.0.0.1' }]);
  await stranger.close();
  expect(heard.http.size).toBe(0);
  const elsewhere = { ...cluster(), metadata: { ...cluster().metadata, namespace: 'm' } };
  const others = await members.look(elsewhere, [{ pod: 'c-0', ip: '127.0.0.1' }]);
  await members.forget({ namespace: 'm', name: 'c' });
  expect(others.http.size).toBe(0);
});

test('a glance tells whether the members say what they said, whatever clients write', async () => {
  const { nats: heard } = await look();
  const place = { namespace: 'n', name: 'c' };
  const glance = async () => gistOf((await members.glance(place, pods.length)) ?? []);
  expect(await glance()).toBe(gistOf(heard));
  const written = heard.map((status) => ({ ...status, slotOut: status.slotOut + 1, logBytes: 9 }));
  expect(gistOf(written)).toBe(gistOf(heard));
  const leader = leaderOf(heard);
  const heir = leader?.voters.find((voter) => voter !== leader.member) ?? '';
  await members.transfer(cluster(), heir);
  await until('another gist', async () => ((await glance()) === gistOf(heard) ? undefined : true));
  expect(await members.glance({ namespace: 'n', name: 'nowhere' }, 1)).toBeUndefined();
});

test('a pod that is gone and still answers does not stand for one that is there', async () => {
  for (const pod of pods) {
    const { nats: heard } = await members.look(cluster(), [{ pod, ip: '127.0.0.1' }]);
    expect(heard.map(({ name }) => name)).toContain(pod);
  }
});

test('who was asked over a connection that broke meanwhile is not called silent', async () => {
  const looking = members.look(cluster(), [{ pod: 'c-9', ip: '127.0.0.1' }]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await nats.kill();
  const { connection } = await looking;
  await nats.start();
  expect(connection.up).toBe(false);
});

test('nobody is called silent whose NATS is silent, and the next look gets another connection', async () => {
  await until('NATS for the operator', async () =>
    (await look()).connection.up ? true : undefined,
  );
  nats.freeze();
  try {
    expect((await look()).connection.up).toBe(false);
  } finally {
    nats.thaw();
  }
  await until('NATS for the operator', async () => {
    const now = await look();
    return now.connection.up && now.nats.length === pods.length ? true : undefined;
  });
});

test('of a cluster that is gone, no connection is left', async () => {
  const name = { namespace: 'n', name: 'c' };
  expect(await members.glance(name, 1)).toBeDefined();
  await members.forget(name);
  expect(await members.glance(name, 1)).toBeUndefined();
});

test('why NATS does not let the operator in is said, and where that is from', async () => {
  const data = { 'ca.crt': Buffer.from('a certificate').toString('base64') };
  objects.put({ kind: 'Secret', metadata: { name: 'ca' }, data } as object);
  const { connection } = await members.look(
    storedCluster({ nats: { url: `${nats.url}/`, tlsSecret: 'ca' } }),
    [],
  );
  expect(connection.up ? '' : connection.why).toMatch(
    /^NATS refuses this connection\..* has no TLS, and the Secret ca wants it/,
  );
});

test('a Secret that is missing, or lacks a key, is named', async () => {
  const needy = storedCluster({ nats: { url: nats.url, credentialsSecret: 'user' } });
  const missing = await members.look(needy, []);
  expect(missing.connection).toEqual({ up: false, why: 'There is no Secret user.' });
  const data = { username: Buffer.from('u').toString('base64') };
  objects.put({ kind: 'Secret', metadata: { name: 'user' }, data } as object);
  const half = await members.look(needy, []);
  expect(half.connection).toEqual({ up: false, why: 'The Secret user has no key password.' });
});
