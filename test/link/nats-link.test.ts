import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsAuthorization, type NatsUser } from '../../contract/src/nats-users.ts';
import { NatsLink, type NatsLinkEvents } from '../../link/src/nats-link.ts';
import { freePorts } from '../journeys/cli-run.ts';
import { NatsProcess } from '../journeys/nats-process.ts';
import { until } from '../journeys/test-cluster.ts';

/* A link to a real nats-server with users, which comes, goes, and does not answer for a while. */

const all = { allow: ['>'] };
const user: NatsUser = {
  name: 'ada',
  password: 's',
  permissions: { publish: all, subscribe: all },
};
const bytes = Buffer.from('a message');
const nothing = (): void => undefined;
const silent = { connected: nothing, disconnected: nothing, trouble: nothing, denied: nothing };

let folder: string;
let nats: NatsProcess;
let links: NatsLink[];
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-link-'));
  const configuration = path.join(folder, 'nats.conf');
  fs.writeFileSync(configuration, natsAuthorization([user]));
  fs.writeFileSync(path.join(folder, 'username'), 'ada');
  fs.writeFileSync(path.join(folder, 'password'), 's');
  nats = await NatsProcess.reserve(configuration);
  links = [];
});
afterEach(async () => {
  await Promise.all(links.map((link) => link.close()));
  await nats.kill();
  fs.rmSync(folder, { recursive: true });
});

/** Opens a link, and notes what it tells. */
async function open(events: string[] = [], dialMs = 2_000): Promise<NatsLink> {
  const told: NatsLinkEvents = {
    connected: () => events.push('connected'),
    disconnected: () => events.push('disconnected'),
    trouble: ({ code }) => events.push(code),
    denied: ({ subject }) => events.push(subject),
  };
  const access = { url: nats.url, credentialsDir: folder };
  const link = await NatsLink.open({ access, name: 'test', echo: false, dialMs }, told);
  links.push(link);
  return link;
}

test('a drained interest takes what is on its way, and nothing later, also over a loss', async () => {
  await nats.start();
  const [link, other] = await Promise.all([open(), open()]);
  const heard: string[] = [];
  const interest = link.subscribe('a', ({ data }) => heard.push(Buffer.from(data).toString()));
  await link.flush();
  for (let i = 0; i < 3; i++) other.publish('a', Buffer.from(`${i}`));
  await other.flush(); // The server has sent them on; nothing is read before the next await.
  interest.drain();
  await link.flush();
  expect(heard).toEqual(['0', '1', '2']);
  await nats.kill();
  await nats.start();
  await until(
    'both',
    async () => ((await link.answers(500)) && (await other.answers(500))) || undefined,
  );
  other.publish('a', Buffer.from('late'));
  await other.flush();
  await link.flush();
  expect(heard).toHaveLength(3);
});

test('what is subscribed to is heard again after each loss, once; what is sent meanwhile is dropped', async () => {
  const events: string[] = [];
  const opening = [open(events), open()] as const;
  await until('the first try', () => (events.includes('UNREACHABLE') ? true : undefined));
  await nats.start();
  const [link, other] = await Promise.all(opening);
  const heard: string[] = [];
  link.subscribe('a', ({ data }) => heard.push(Buffer.from(data).toString()));
  const ended = link.subscribe('a', () => heard.push('of an end'));
  ended.end();
  for (let loss = 1; loss <= 2; loss++) {
    await nats.kill();
    await until('the loss', () => (events.at(-1) === 'UNREACHABLE' ? true : undefined));
    other.publish('a', Buffer.from('dropped'));
    await nats.start();
    await until('a message', () => {
      other.publish('a', Buffer.from(`after ${loss}`));
      return heard.at(-1) === `after ${loss}` ? true : undefined;
    });
  }
  await Promise.all([link.flush(), other.flush()]);
  expect(new Set(heard)).toEqual(new Set(['after 1', 'after 2']));
  const shown = events.filter((event) => event !== 'UNREACHABLE');
  const [up, down] = ['connected', 'disconnected'];
  expect(shown).toEqual([up, down, up, down, up]);
}, 30_000);

test('what a server does not take is bounded, and dropped beyond; then it goes on', async () => {
  await nats.start();
  const [link, other] = await Promise.all([open(), open()]);
  let heard = 0;
  other.subscribe('a', () => (heard += 1));
  await other.flush();
  nats.freeze();
  const large = Buffer.alloc(512 * 1024);
  for (let i = 0; i < 200; i++) expect(link.publish('a', large)).toBe(true);
  expect(link.pendingBytes).toBeGreaterThan(16 * 1024 * 1024);
  expect(link.pendingBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  nats.thaw();
  await until('the first ones', () => (link.pendingBytes < 32 * 1024 * 1024 ? true : undefined));
  await link.flush();
  await until('those that were not dropped', () => (heard === 64 ? true : undefined));
  // Each time that the server is asked, it has all of it.
  await until('nothing pending', () => {
    link.publish('a', large);
    return link.pendingBytes < 2 * 1024 * 1024 ? true : undefined;
  });
  await Promise.all([link.flush(), other.flush()]);
  expect(heard).toBeGreaterThan(64);
}, 30_000);

test('a server that answers late makes no second connection beside the one that is well', async () => {
  await nats.start();
  nats.freeze();
  const events: string[] = [];
  const opening = open(events, 200);
  const tries = () => events.filter((event) => event === 'UNREACHABLE').length;
  await until('some tries', () => (tries() >= 3 ? true : undefined));
  nats.thaw();
  const link = await opening;
  const other = await open();
  let heard = 0;
  link.subscribe('a', () => (heard += 1));
  await link.flush();
  // The server ends what was opened before: nobody said who it is.
  await sleep(2_500);
  for (let i = 0; i < 10; i++) other.publish('a', bytes);
  await other.flush();
  await link.flush();
  expect(heard).toBe(10);
  expect(events.filter((event) => event !== 'UNREACHABLE')).toEqual(['connected']);
}, 30_000);

test('a request waits for the connection, and has an end', async () => {
  await nats.start();
  const [link, other] = await Promise.all([open(), open()]);
  other.subscribe('a', ({ reply = '' }) => other.publish(reply, bytes));
  await other.flush();
  await nats.kill();
  await expect(link.request('a', bytes, 300)).rejects.toMatchObject({ code: 'TIMEOUT' });
  const asking = until('an answer', () =>
    link.request('a', bytes, 2_000).then(
      (answer) => answer.string(),
      () => undefined,
    ),
  );
  await nats.start();
  expect(await asking).toBe('a message');
}, 30_000);

test('a server is found where it was when no name server answers any more', async () => {
  await nats.start();
  const events: string[] = [];
  const found = new Promise<readonly string[]>((resolve) => resolve(['127.0.0.1']));
  const answers = [found];
  const link = await NatsLink.open(
    {
      access: { url: nats.url.replace('127.0.0.1', 'nats.test'), credentialsDir: folder },
      ...{ name: 'test', echo: true, dialMs: 2_000 },
      lookup: (host) => answers.shift() ?? new Promise(() => expect(host).toBe('nats.test')),
    },
    { ...silent, connected: () => events.push('connected') },
  );
  links.push(link);
  await nats.kill();
  await nats.start();
  await until('another connection', () => (events.length === 2 ? true : undefined));
}, 30_000);

test('what is flushed ends with the connection', async () => {
  await nats.start();
  const link = await open();
  nats.freeze();
  const flushing = link.flush();
  await nats.kill();
  await flushing;
}, 30_000);

test('of several servers one that lets us in is found, or one that refuses is named', async () => {
  await nats.start();
  const [port = 0] = await freePorts(1);
  const absent = `nats://127.0.0.1:${port}`;
  const access = { url: `${absent},${nats.url}`, credentialsDir: folder };
  const options = { access, name: 'test', echo: true, dialMs: 2_000 };
  for (let tries = 0; tries < 4; tries += 1) {
    const link = await NatsLink.tryToOpen(options, silent);
    if ('sentence' in link) throw new Error(link.sentence);
    links.push(link);
  }
  fs.writeFileSync(path.join(folder, 'password'), 'wrong');
  for (let tries = 0; tries < 4; tries += 1) {
    const refused = await NatsLink.tryToOpen(options, silent);
    const file = path.join(folder, 'password');
    const sentence = `NATS at ${nats.url} refuses user "ada" with the password in ${file} (authorization violation)`;
    expect(refused).toEqual({ code: 'NOT_ADMITTED', sentence });
  }
}, 30_000);

test.each(['no host', 'nats://no.test:99999', ''])('a URL that leads nowhere: %j', async (url) => {
  const options = { access: { url }, name: 'test', echo: true, dialMs: 2_000 };
  const trouble = await NatsLink.tryToOpen(options, silent);
  expect(trouble).toMatchObject({ code: 'UNREACHABLE' });
  expect('sentence' in trouble ? trouble.sentence : '').toContain(url);
});

test('a host that has many addresses, and is silent, takes no longer than a server may', async () => {
  await nats.start();
  nats.freeze();
  const url = nats.url.replace('127.0.0.1', 'nats.test');
  const lookup = () => Promise.resolve(Array.from({ length: 20 }, () => '127.0.0.1'));
  const access = { url, credentialsDir: folder };
  const options = { access, name: 'test', echo: true, dialMs: 2_000, lookup };
  expect(await NatsLink.tryToOpen(options, silent)).toMatchObject({ code: 'UNREACHABLE' });
}, 20_000);

test('who has closed asks nobody any more', async () => {
  await nats.start();
  const link = await open();
  await link.close();
  const asking = link.request('a', bytes, 60_000);
  await expect(asking).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
}, 30_000);

test('who closes while NATS is away is done at once', async () => {
  await nats.start();
  const events: string[] = [];
  const link = await open(events);
  await nats.kill();
  await until('the loss', () => (events.at(-1) === 'UNREACHABLE' ? true : undefined));
  await link.close();
  await nats.start();
  await sleep(700);
  expect(events.filter((event) => event === 'connected')).toHaveLength(1);
}, 30_000);

test('without a server or a file: one try says why not', async () => {
  const access = { url: nats.url, credentialsDir: folder };
  const options = { access, name: 'test', echo: true, dialMs: 2_000 };
  const absent = await NatsLink.tryToOpen(options, silent);
  expect(absent).toMatchObject({ code: 'UNREACHABLE' });
  fs.rmSync(path.join(folder, 'username'));
  expect(await NatsLink.tryToOpen(options, silent)).toMatchObject({
    code: 'NOT_ADMITTED',
    sentence: `${path.join(folder, 'username')} cannot be read; it has to hold the name of the NATS user`,
  });
});

test('why NATS ends a connection, or takes no more, is said in its own words', async () => {
  const configuration = path.join(folder, 'nats.conf');
  const limit = 'max_connections: 1\n';
  fs.appendFileSync(configuration, limit);
  await nats.start();
  const reasons: (string | undefined)[] = [];
  const access = { url: nats.url, credentialsDir: folder };
  const asked = { access, name: 'test', echo: false, dialMs: 2_000 };
  const told = { ...silent, disconnected: (reason?: string) => reasons.push(reason) };
  links.push(await NatsLink.open(asked, told));

  const one = await NatsLink.tryToOpen(asked, silent);
  expect(one).toEqual({
    code: 'NOT_ADMITTED',
    sentence: `NATS at ${nats.url} ended the connection: maximum connections exceeded`,
  });

  fs.writeFileSync(configuration, natsAuthorization([{ ...user, password: 'another' }]) + limit);
  nats.reload();
  await until('the end', () => reasons.length > 0 || undefined);
  expect(reasons).toEqual(['authorization violation']);
});
