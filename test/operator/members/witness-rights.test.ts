import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { natsAuthorization } from '../../../contract/src/nats-users.ts';
import { permissionsOf } from '../../../contract/src/permissions.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { until } from '../../journeys/test-cluster.ts';

/* Members and operator hear one another as witnesses, and nobody else says or hears it. */

const roles = ['member', 'operator', 'administrator', 'writer', 'reader'] as const;
const subjects = subjectsOf('n', 'c');
const evidence = subjects.evidence('m');

let folder: string;
let nats: NatsProcess;
let connections: NatsConnection[];

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-rights-'));
  const all = permissionsOf('n', 'c');
  const users = roles.map((name) => ({ name, password: 'p', permissions: all[name] }));
  const file = path.join(folder, 'nats.conf');
  fs.writeFileSync(file, natsAuthorization(users));
  nats = await NatsProcess.reserve(file);
  await nats.start();
  const access = { servers: nats.url, pass: 'p' };
  connections = await Promise.all(roles.map((user) => connect({ ...access, user })));
});

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await nats.kill();
  fs.rmSync(folder, { recursive: true });
});

test('a report comes to the operator alone, and evidence to members alone', async () => {
  const heard: string[] = [];
  const denied: string[] = [];
  for (const [index, connection] of connections.entries()) {
    for (const subject of [subjects.witness, evidence]) {
      const listener = roles[index] ?? '';
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error !== null) denied.push(`${listener} ${subject}`);
          else heard.push(`${listener} hears ${message.subject} from ${message.string()}`);
        },
      });
    }
  }
  await Promise.all(connections.map((connection) => connection.flush()));
  for (const [index, connection] of connections.entries()) {
    for (const subject of [subjects.witness, evidence]) {
      connection.publish(subject, roles[index] ?? '');
    }
  }
  await until('both', () => Promise.resolve(heard.length >= 2 ? true : undefined));
  await Promise.all(connections.map((connection) => connection.flush()));
  expect(heard.sort()).toEqual([
    `member hears ${evidence} from operator`,
    `operator hears ${subjects.witness} from member`,
  ]);
  expect(denied).toHaveLength(2 * roles.length - 2);
});
