import fs from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { keepNewest, keptName } from '../../cli/src/local/kept-snapshots.ts';
import { FileExistsError } from '../../cli/src/local/unfinished-file.ts';
import { Bucket } from '../../cli/src/places/bucket.ts';
import { placeOf, shelfOf } from '../../cli/src/places/place-of.ts';
import {
  SnapshotEncoder,
  verifySnapshot,
  type Snapshot,
} from '../../contract/src/snapshot-file.ts';
import { synod } from '../journeys/cli-run.ts';
import { TestFolder, until } from '../journeys/test-cluster.ts';
import { S3Server } from './s3-server.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* Snapshots in a bucket of a real server of S3. */

const MIB = 1024 * 1024;
let server: S3Server;
let client: S3Client;
let folder: string;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-s3-'));
  server = await S3Server.start(folder);
  Object.assign(process.env, server.environment);
  client = new S3Client({ forcePathStyle: true });
}, 900_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
  fs.rmSync(folder, { recursive: true });
});

let count = 0;
let bucket: string;
let interrupt: AbortController;
beforeEach(async () => {
  interrupt = new AbortController();
  bucket = `bucket-${(count += 1)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});

const options = (timeoutMs = 10_000) => ({ timeoutMs, signal: interrupt.signal });
const at = (key: string, more: object = {}) =>
  placeOf(`s3://${bucket}/${key}`, { ...options(), ...more });

/** Writes a snapshot to a file, with a value of that length. */
function saver(slot: number, length = 5): (file: string) => Promise<Snapshot> {
  return (file) => {
    const encoder = new SnapshotEncoder();
    const machine = { name: 'chat-log', version: 1 };
    const about = { version: '1', namespace: 'local', cluster: 'a', clusterId: 'x' };
    const of = { member: 'm', name: 'n0', time: 'now', digests: {} };
    const pieces = [encoder.header({ ...about, machine, slot, ...of })];
    for (let at = 0, i = 10_000; at < length; at += MIB, i += 1) {
      const value = Buffer.alloc(Math.min(MIB, length - at), slot);
      pieces.push(encoder.entry({ table: 't', key: `key ${i}`, value }));
    }
    fs.writeFileSync(file, Buffer.concat([...pieces, encoder.end()]));
    return Promise.resolve(verifySnapshot(file));
  };
}

function flip(key: string): void {
  const file = server.fileOf(bucket, key);
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
}

test.each([
  ['in one piece', 5],
  ['in many', 40 * MIB],
])('saved %s: it is there as it was, is not overwritten but by force', async (_, length) => {
  const place = await at('backups/a.snapshot');
  const saved = await place.save(saver(7, length));
  expect(await place.verify()).toEqual(saved);
  expect(await place.use(verifySnapshot)).toEqual(saved);
  expect(verifySnapshot(server.fileOf(bucket, 'backups/a.snapshot'))).toEqual(saved);
  let asked = false;
  const again = place.save((file) => {
    asked = true;
    return saver(8)(file);
  });
  await expect(again).rejects.toThrow(`s3://${bucket}/backups/a.snapshot is there already`);
  expect(asked).toBe(false);
  expect(await place.verify()).toEqual(saved);
  const other = await (await at('backups/a.snapshot', { force: true })).save(saver(8, length));
  expect(await place.verify()).toEqual(other);
  expect(other.hash).not.toBe(saved.hash);
});

test.each([
  ['in one piece', 5],
  ['in many', 40 * MIB],
])('what comes meanwhile, %s, stays', async (_, length) => {
  const place = await at('a.snapshot');
  const late = place.save(async (file) => {
    await (await at('a.snapshot')).save(saver(1));
    return saver(2, length)(file);
  });
  await expect(late).rejects.toThrow(FileExistsError);
  expect((await place.verify()).header.slot).toBe(1);
  expect(await uploads()).toEqual([]);
});

async function uploads(): Promise<unknown[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads;
}

test('who interrupts an upload finds neither an object nor parts of one', async () => {
  const place = await at('a.snapshot');
  const saving = place.save(saver(7, 200 * MIB));
  const begun = until('it is under way', async () => ((await uploads())[0] ? true : undefined));
  await begun.finally(() => interrupt.abort());
  await expect(saving).rejects.toThrow('It was interrupted');
  expect(fs.existsSync(server.fileOf(bucket, 'a.snapshot'))).toBe(false);
  expect(await uploads()).toEqual([]);
}, 60_000);

test('a bit that flips, and an end that is cut off, where it is kept, are found', async () => {
  const place = await at('a.snapshot');
  await place.save(saver(7, 3 * MIB));
  flip('a.snapshot');
  await expect(place.verify()).rejects.toMatchObject({ name: 'SnapshotError' });
  let used = false;
  await expect(place.use(() => (used = true))).rejects.toThrow('It is damaged');
  expect(used).toBe(false);
  const cut = await at('b.snapshot');
  await cut.save(saver(7, 3 * MIB));
  fs.truncateSync(server.fileOf(bucket, 'b.snapshot'), 2 * MIB);
  await expect(cut.verify()).rejects.toThrow(/It is damaged|could not be read/);
});

test('the newest whole ones stay; what is damaged, or nobody’s, stays too', async () => {
  const shelf = await shelfOf(`s3://${bucket}/kept/`, options());
  const nameOf = (day: number, cluster = 'a') =>
    keptName(cluster, new Date(Date.UTC(2030, 0, day)));
  const others = ['notes.txt', nameOf(1, 'b'), `more/${nameOf(1)}`];
  for (const name of [...others, ...[1, 2, 3, 4, 5].map((day) => nameOf(day))]) {
    await shelf.place(name).save(saver(7));
  }
  flip(`kept/${nameOf(4)}`);
  const { header } = await shelf.place(nameOf(5)).verify();
  const newest = { name: nameOf(5), header };
  const kept = await keepNewest(shelf, newest, 2, [nameOf(0), ...(await shelf.names())]);
  expect(kept).toMatchObject({
    whole: [nameOf(5), nameOf(3)],
    damaged: [{ name: nameOf(4), why: expect.stringMatching(/^It is damaged/) as string }],
    removed: [nameOf(2), nameOf(1)],
  });
  const left = [3, 4, 5].map((day) => nameOf(day));
  const bare = new Bucket({ bucket, ...options() });
  expect((await bare.names('kept/')).sort()).toEqual([...left, nameOf(1, 'b'), 'notes.txt'].sort());
  expect(await bare.names('kept/more/')).toEqual([nameOf(1)]);
});

test('more of them than S3 lists at once', async () => {
  fs.mkdirSync(server.fileOf(bucket, 'many'));
  const names = Array.from({ length: 1_100 }, (_, i) => `${10_000 + i}`);
  for (const name of names) fs.writeFileSync(server.fileOf(bucket, `many/${name}`), 'x');
  expect(await new Bucket({ bucket, ...options() }).names('many/')).toEqual(names);
}, 60_000);

test('what S3 refuses is said with bucket, key and its own reason', async () => {
  const missing = await at('no.snapshot');
  await expect(missing.verify()).rejects.toMatchObject({
    name: 'S3Error',
    message: expect.stringMatching(
      /^s3:\/\/bucket-\d+\/no\.snapshot could not be read: NoSuchKey: The specified key .*\.$/,
    ) as string,
  });
  const nowhere = await placeOf('s3://no-such-bucket/a', { ...options(), force: true });
  await expect(nowhere.save(saver(1))).rejects.toThrow(
    /^s3:\/\/no-such-bucket\/a could not be written: NoSuchBucket: /,
  );
  const shelf = await shelfOf('s3://no-such-bucket', options());
  await expect(shelf.names()).rejects.toThrow(
    /^s3:\/\/no-such-bucket could not be listed: NoSuchBucket: /,
  );
});

describe('where S3 is not itself', () => {
  let silent: Server;
  const sockets = new Set<Socket>();
  let say: (socket: Socket) => void;
  beforeEach(async () => {
    silent = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => say(socket));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    process.env['AWS_ENDPOINT_URL_S3'] = `http://127.0.0.1:${port}`;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    if (silent.listening) await new Promise((resolve) => silent.close(resolve));
    Object.assign(process.env, server.environment);
  });

  test('who never answers is not waited for', async () => {
    say = () => undefined;
    const place = await placeOf('s3://bucket/a', options(200));
    await expect(place.verify()).rejects.toThrow(/^s3:\/\/bucket\/a could not be read: /);
    const put = new Bucket({ bucket, ...options(200) }).put('a', process.execPath, true);
    await expect(put).rejects.toThrow('could not be written');
  }, 30_000);

  test.each([200, 6_500])(
    'nor who stops in the middle, for %d ms',
    async (timeoutMs) => {
      say = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nSYNODSNP');
      const place = await placeOf('s3://bucket/a', options(timeoutMs));
      await expect(place.verify()).rejects.toThrow(`${timeoutMs} ms of inactivity`);
    },
    30_000,
  );

  test('who is not there, and who does not know the key, is said', async () => {
    await new Promise((resolve) => silent.close(resolve));
    const place = await placeOf('s3://bucket/a', options());
    await expect(place.verify()).rejects.toThrow(/could not be read: .*connect ECONNREFUSED/);
    Object.assign(process.env, server.environment, { AWS_SECRET_ACCESS_KEY: 'another' });
    const denied = await at('a.snapshot');
    await expect(denied.verify()).rejects.toThrow('could not be read: SignatureDoesNotMatch: ');
  }, 30_000);
});

test('a large file goes there and comes back with little of it in memory', async () => {
  const file = path.join(folder, 'large');
  const size = 512 * MIB;
  fs.writeFileSync(file, '');
  fs.truncateSync(file, size);
  const large = new Bucket({ bucket, ...options() });
  let most = 0;
  const before = process.memoryUsage().rss;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 20);
  await large.put('large', file, true);
  let bytes = 0;
  for await (const chunk of large.read('large')) bytes += chunk.length;
  clearInterval(watch);
  expect(bytes).toBe(size);
  expect(most).toBeLessThan(size / 2);
}, 120_000);

test('the command line: kept, verified, restored and begun with, as a folder of them is', async () => {
  const cluster = new TestFolder();
  try {
    const { natsUrl } = await cluster.start(1);
    const env = {
      ...server.environment,
      SYNOD_CLUSTER: cluster.cluster,
      SYNOD_NATS_URL: natsUrl,
    };
    const run = (...args: string[]) =>
      synod(['snapshot', ...args], { cwd: cluster.path, env, deadlineMs: 60_000 });
    const writer = await cluster.client({ natsUrl });
    await writer.machine(chatLog).append('one');
    const kept = `s3://${bucket}/orders`;
    const first = await run('keep', kept, '--last', '1');
    expect(first.stderr).not.toContain('synod:');
    expect(first.stdout).toMatch(/^s3:\/\/.*\/orders\/journey-\d{8}T\d{6}Z\.snapshot: slot /);
    expect(first.stdout).toContain('A throw-away member began with it. Whole ones there: 1; none');
    // Names are of seconds.
    const second = await until('another name', async () => {
      const result = await run('keep', kept, '--last', '1', '--output', 'json');
      return result.code === 2 ? undefined : result;
    });
    expect(second).toMatchObject({ code: 0 });
    const { file, hash, removed } = JSON.parse(second.stdout) as Record<string, unknown>;
    expect(removed).toHaveLength(1);
    expect(fs.readdirSync(server.fileOf(bucket, 'orders'))).toHaveLength(1);

    const tried = await run('verify', String(file), '--restore');
    expect(tried.stdout).toMatch(/ is whole: .* A throw-away member began with it\.\n$/);
    const inspected = await run('inspect', String(file), '--output', 'json');
    expect(JSON.parse(inspected.stdout)).toMatchObject({ file, hash });
    const data = path.join(cluster.path, 'new');
    const restored = await run('restore', String(file), '--data', data);
    expect(restored.code).toBe(0);
    expect(verifySnapshot(path.join(data, 'restore.snapshot')).hash).toBe(hash);
    expect((await run('save', `${kept}/mine.snapshot`)).code).toBe(0);
    expect((await run('save', `${kept}/mine.snapshot`)).code).toBe(2);

    flip('orders/mine.snapshot');
    const damaged = await run('verify', `${kept}/mine.snapshot`);
    expect(damaged).toMatchObject({ code: 65, stdout: '' });
    expect(damaged.stderr).toMatch(/^synod: s3:\/\/.*\/mine\.snapshot: It is damaged: .*\.\n$/);
    const missing = await run('verify', `${kept}/no.snapshot`);
    expect(missing.code).toBe(74);
    expect(missing.stderr).toContain('NoSuchKey');
    const elsewhere = { ...env, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };
    const nobody = await synod(['snapshot', 'verify', kept], { cwd: cluster.path, env: elsewhere });
    expect(nobody).toEqual({
      ...{ code: 74, stdout: '' },
      stderr: `synod: ${kept} could not be read: connect ECONNREFUSED 127.0.0.1:1.\n`,
    });
    const wrong = await run('keep', 's3://');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('s3:// names no bucket: it wants s3://<bucket>/<key>.');
  } finally {
    await cluster.remove();
  }
}, 120_000);
