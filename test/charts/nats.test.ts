import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { connect, type NatsConnection } from 'nats';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { freePorts } from '../journeys/cli-run.ts';
import { until } from '../journeys/test-cluster.ts';
import { environmentOf, find, plainManifests } from './plain-manifests.ts';

/* The NATS of the chart: real servers with the configuration and environment of its pods. */

const SERVERS = 3;
const manifests = plainManifests();
const text = find(manifests, 'ConfigMap', 'synod-nats').data?.['nats.conf'] ?? '';
const pod = find(manifests, 'StatefulSet', 'synod-nats').spec?.template?.spec;
const roles = ['member', 'operator', 'administrator', 'writer', 'reader'] as const;
type Role = (typeof roles)[number];
const subjects = subjectsOf('synod', 'synod');

/** Nobody says what passwords that were made elsewhere look like. */
const passwords: Record<Role, string> = {
  member: '12345678901234567890',
  operator: '0x1f',
  administrator: 'true',
  writer: 'with spaces # and $SIGNS {[',
  reader: '-_aZ09',
};

let folder: string;
let clients: number[];
let servers: ChildProcess[];
const open: NatsConnection[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'synod-chart-nats-'));
  const ports = await freePorts(3 * SERVERS);
  clients = ports.slice(0, SERVERS);
  const routes = ports.slice(SERVERS, 2 * SERVERS);
  const monitors = ports.slice(2 * SERVERS);
  const secrets = {
    'synod-nats-routes': { username: 'routes', password: 'between-servers' },
    ...Object.fromEntries(
      roles.map((role) => [
        `synod-nats-${role}-1`,
        { username: `synod-${role}-1`, password: passwords[role] },
      ]),
    ),
  };
  servers = clients.map((port, i) => {
    const config = text
      .replace('port: 4222', `port: ${port}`)
      .replace('port: 8222', `port: ${monitors[i]}`)
      .replace('port: 6222', `port: ${routes[i]}`);
    const file = path.join(folder, `${i}.conf`);
    writeFileSync(file, config);
    const environment = environmentOf(pod!.containers[0]!, secrets, `synod-nats-${i}`);
    for (const [name, value] of Object.entries(environment)) {
      environment[name] = value.replace(
        /synod-nats-(\d)\.synod-nats-servers\.synod\.svc:6222/,
        (_, other: string) => `127.0.0.1:${routes[Number(other)]}`,
      );
    }
    return spawn(process.env['NATS_SERVER']!, ['--config', file], {
      env: environment,
      stdio: 'ignore',
    });
  });
  // A server has routes, and an address in the cluster, before it listens to clients.
  for (const [i, port] of monitors.entries()) {
    await until(`nats-server ${i}`, async () => {
      expect(servers[i]).toMatchObject({ exitCode: null });
      const health = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
      return health?.ok ? true : undefined;
    });
  }
  // Each has a pool of connections to each of the others.
  await until('a cluster of three', async () => {
    const varz = await fetch(`http://127.0.0.1:${monitors[0]}/varz`);
    const { routes: found, cluster } = (await varz.json()) as {
      routes: number;
      cluster: { urls?: string[] };
    };
    return found >= SERVERS - 1 && (cluster.urls?.length ?? 0) >= SERVERS ? true : undefined;
  });
}, 30_000);

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

afterAll(async () => {
  for (const server of servers) {
    if (server.exitCode !== null) continue;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

async function connectAs(role: Role, server = 0): Promise<NatsConnection> {
  const connection = await connect({
    servers: `127.0.0.1:${clients[server]}`,
    user: `synod-${role}-1`,
    pass: passwords[role],
    inboxPrefix: `_INBOX.synod.synod.synod.${role}`,
    reconnect: false,
  });
  open.push(connection);
  return connection;
}

/** Whether the servers let a connection subscribe to a subject. */
async function maySubscribe(connection: NatsConnection, subject: string): Promise<boolean> {
  let refused = false;
  connection.subscribe(subject, {
    callback: (error) => {
      if (error !== null) refused = true;
    },
  });
  await connection.flush();
  await new Promise((resolve) => setImmediate(resolve));
  return !refused;
}

test.each(['writer', 'administrator'] as const)('a %s is answered across servers', async (role) => {
  const member = await connectAs('member', 2);
  member.subscribe(subjects.request, {
    callback: (error, message) => {
      if (error === null) message.respond(message.data);
    },
  });
  await member.flush();
  const client = await connectAs(role, 0);
  const answer = await until('an answer', () =>
    client.request(subjects.request, 'hello', { timeout: 1_000 }).catch(() => undefined),
  );
  expect(answer.string()).toBe('hello');
});

test('members hear one another, and nobody else hears them', async () => {
  for (const role of roles) {
    const connection = await connectAs(role);
    expect([role, await maySubscribe(connection, subjects.member('*'))]).toEqual([
      role,
      role === 'member',
    ]);
  }
});

test('nobody hears the answers to another role, or another cluster', async () => {
  for (const role of roles) {
    const connection = await connectAs(role);
    const other = role === 'writer' ? 'reader' : 'writer';
    expect(await maySubscribe(connection, `_INBOX.synod.synod.synod.${other}.>`)).toBe(false);
    expect(await maySubscribe(connection, subjectsOf('synod', 'other').request)).toBe(false);
    expect(await maySubscribe(connection, subjectsOf('other', 'synod').request)).toBe(false);
  }
});

test('without a user, or with a wrong password, there is no connection', async () => {
  const server = `127.0.0.1:${clients[0]}`;
  await expect(connect({ servers: server, reconnect: false })).rejects.toThrow();
  const wrong = { user: 'synod-writer-1', pass: 'wrong', reconnect: false };
  await expect(connect({ servers: server, ...wrong })).rejects.toThrow('Authorization Violation');
});

test('a server that is to stop lets its clients go before it ends', async () => {
  const connection = await connectAs('writer', 2);
  const server = servers[2]!;
  const ended = once(server, 'exit');
  const said: string[] = [];
  void (async () => {
    for await (const { type } of connection.status()) said.push(type);
  })();
  const command = pod!.containers[0]!.lifecycle!.preStop!.exec!.command;
  const [program, ...args] = command.map((word) => word.replace('ldm=1', `ldm=${server.pid}`));
  expect(program).toBe('nats-server');
  await promisify(execFile)(process.env['NATS_SERVER']!, args);
  await until('the server said that it goes', () => said.includes('ldm') || undefined);
  // What the kubelet sends some time after the command has ended. A server that has not begun to
  // let its clients go would end at once.
  server.kill('SIGTERM');
  const begin = performance.now();
  await connection.closed();
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - begin).toBeGreaterThan(900);
  const [, longest] = /lame_duck_duration: "(\d+)s"/.exec(text) ?? [];
  expect(pod!.terminationGracePeriodSeconds).toBeGreaterThan(Number(longest));
  // The others go on.
  await (await connectAs('writer', 1)).flush();
});
