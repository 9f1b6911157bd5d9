import fs from 'node:fs';
import os from 'node:os';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { connect as connectNats } from 'nats';
import { encodeChatOperation } from '../../machines/src/chat-log/operations.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import type { Message } from '../../node/src/paxos/messages.ts';
import type { Identity } from '../../node/src/storage/identity.ts';
import { encodeFrame } from '../../node/src/transport/frame-codec.ts';
import { freePorts } from './cli-run.ts';
import { NatsProcess } from './nats-process.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/* How it fails, with real processes: see docs/failures.md. */

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove());

describe('NATS', () => {
  let nats: NatsProcess;
  beforeEach(async () => {
    nats = await NatsProcess.reserve();
  });
  afterEach(() => nats.kill());

  test('absent at start: nodes wait, say so, are not ready, and go on when it comes', async () => {
    const starting = folder.start(3, nats.url);
    await until('the notice', () =>
      folder
        .log('n0')
        .find(({ msg }) => /^NATS does not answer at .*; trying again\.$/.test(String(msg))),
    );
    expect((await fetch(`${folder.http('n0')}/healthz`)).status).toBe(200);
    const ready = await fetch(`${folder.http('n0')}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, 'Not ready: it waits for NATS\n']);
    await nats.start();
    const client = await folder.client(await starting);
    expect(await client.machine(chatLog).append('hello')).toMatchObject({
      position: 0,
      existed: false,
    });
  }, 60_000);

  test('gone in mid-run: no process ends, nothing is lost, it goes on when it is back', async () => {
    await nats.start();
    const cluster = await folder.start(3, nats.url);
    const client = await folder.client(cluster);
    await client.machine(chatLog).append('before');
    for (let outage = 1; outage <= 2; outage++) {
      await nats.kill();
      const during = client.machine(chatLog).append(`during ${outage}`);
      await until('the alarm', async () => {
        const status = (await (await fetch(`${folder.http('n1')}/status`)).json()) as {
          alarms: string[];
        };
        return status.alarms.find((alarm) => alarm === 'The connection to NATS is down.');
      });
      expect(await folder.metric('n1', 'synod_nats_connected')).toBe(0);
      await nats.start();
      expect(await during).toMatchObject({ position: outage, existed: false });
    }
    expect(cluster.names.map((name) => cluster.node(name)?.running)).toEqual([true, true, true]);
    expect((await client.machine(chatLog).read()).texts).toEqual([
      'before',
      'during 1',
      'during 2',
    ]);
  }, 60_000);

  test('gone or mute: whoever is told to stop has stopped within five seconds, in order', async () => {
    await nats.start();
    const cluster = await folder.start(3, nats.url);
    const client = await folder.client(cluster);
    await client.machine(chatLog).append('before');
    const leading = (await client.admin.status({ expect: 3 })).find(
      ({ role }) => role === 'leader',
    );
    const leader = cluster.node(leading?.name ?? '');
    const [mute, gone] = cluster.names.filter((name) => name !== leading?.name);
    /** @returns its exit code, when it has ended in time */
    const stop = async (node: NodeProcess | undefined): Promise<number | undefined> => {
      node?.kill('SIGTERM');
      return (await node?.ended(5_000)) === true ? node?.exit : undefined;
    };
    nats.freeze();
    expect(await Promise.all([stop(leader), stop(cluster.node(mute ?? ''))])).toEqual([0, 0]);
    await nats.kill();
    expect(await stop(cluster.node(gone ?? ''))).toBe(0);
    // One that waits for NATS since its start.
    const again = cluster.startMember(leading?.name ?? '').catch(String);
    const waiting = cluster.node(leading?.name ?? '');
    await until('it waits', () =>
      folder.log(leading?.name ?? '').findLast(({ msg }) => /does not answer/.test(String(msg))),
    );
    expect(await stop(waiting)).toBe(0);
    expect(await again).toContain('ended with code 0 before it was up');
  }, 60_000);
});

describe('a data folder', () => {
  /** Runs a node, on the folder of member n0 if no other is named, until it ends. */
  async function refusal(other: Partial<{ cluster: string; member: string; data: string }> = {}) {
    const { cluster = folder.cluster, member, data = folder.dataOf('n0') } = other;
    const logFile = path.join(folder.path, 'refused.log');
    const node = new NodeProcess({
      workspace: folder.workspace,
      natsUrl: 'nats://127.0.0.1:1',
      cluster,
      ...(member === undefined ? { name: 'n0' } : { member, members: [member] }),
      data,
      program: NODE_PROGRAM,
      flags: ['--http-port', '0'],
      logFile,
    });
    node.ready.catch(() => undefined);
    expect(await node.ended(20_000)).toBe(true);
    const last = fs.readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    const { msg } = JSON.parse(last) as { msg: string };
    return { code: await node.exit, message: msg };
  }

  test('in use: refused, naming the other process', async () => {
    const cluster = await folder.start(1);
    const { code, message } = await refusal();
    expect(code).toBe(65);
    expect(message).toContain(`is in use by process ${cluster.node('n0')?.pid}.`);
    const client = await folder.client(cluster);
    expect((await client.machine(chatLog).append('still here')).position).toBe(0);
  }, 30_000);

  test('that cannot be made, or have a lock beside it: refused, and named', async () => {
    const unmade = await refusal({ data: '/proc/x/y' });
    expect(unmade.code).toBe(65);
    expect(unmade.message).toContain('The folder /proc/x cannot be made: ');
    const unlocked = await refusal({ data: '/proc/x' });
    expect(unlocked.code).toBe(65);
    expect(unlocked.message).toContain('/proc/x.lock cannot be made: ');
  }, 30_000);

  test("another cluster's, another member's, a newer or no data: refused, nothing changed", async () => {
    const cluster = await folder.start(1);
    await cluster.stop();
    const before = folder.snapshot('n0');

    const foreign = await refusal({ cluster: 'other' });
    expect(foreign).toMatchObject({ code: 65 });
    expect(foreign.message).toContain('belongs to cluster local/journey, not to local/other');
    const another = await refusal({ member: 'n1' });
    expect(another).toMatchObject({ code: 65 });
    expect(another.message).toContain(`belongs to member ${cluster.idOf('n0')}, not to n1`);
    expect(folder.snapshot('n0')).toEqual(before);

    const identity = path.join(folder.dataOf('n0'), 'identity.json');
    const { cluster: of, memberId } = JSON.parse(fs.readFileSync(identity, 'utf8')) as Identity;
    const newest = { format: 99, cluster: of, memberId };
    const checksum = crc32(JSON.stringify(newest)).toString(16).padStart(8, '0');
    fs.writeFileSync(identity, JSON.stringify({ ...newest, crc32: checksum }));
    const changed = folder.snapshot('n0');
    const newer = await refusal();
    expect(newer).toMatchObject({ code: 65 });
    expect(newer.message).toContain('has format 99, and this version of Synod reads up to 3');
    expect(folder.snapshot('n0')).toEqual(changed);

    const other = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-holiday-'));
    fs.writeFileSync(path.join(other, 'holiday.jpg'), 'sun');
    const none = await refusal({ data: other });
    expect(none).toMatchObject({ code: 65 });
    expect(none.message).toContain('is not empty and holds no identity.json');
    expect(fs.readdirSync(other)).toEqual(['holiday.jpg']);
    fs.rmSync(other, { recursive: true });
  }, 30_000);

  test('damaged: up without roles, says which file and record, changes nothing; others go on', async () => {
    const before = await folder.start(3);
    const writing = await folder.client(before);
    for (let i = 0; i < 5; i++)
      await writing.machine(chatLog).append(`a text that is looked for: ${i}`);
    await before.stop();
    const segment = fs.readdirSync(path.join(folder.dataOf('n1'), 'log')).sort()[0] ?? '';
    const file = path.join(folder.dataOf('n1'), 'log', segment);
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('a text that is looked for');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    fs.writeFileSync(file, bytes);
    const damaged = folder.snapshot('n1');

    const cluster = await folder.start(3);
    const named = new RegExp(`^${segment} is damaged at block \\d+: `);
    const client = await folder.client(cluster);
    const status = await client.admin.status({ expect: 3 });
    expect(status.map(({ name, role }) => [name, role === 'damaged'])).toEqual([
      ['n0', false],
      ['n1', true],
      ['n2', false],
    ]);
    expect(status[1]?.alarms[0]).toMatch(named);
    const ready = await fetch(`${folder.http('n1')}/readyz`);
    expect(ready.status).toBe(503);
    expect((await ready.text()).replace('Not ready: ', '')).toMatch(named);
    expect((await fetch(`${folder.http('n1')}/healthz`)).status).toBe(200);
    expect(await folder.metric('n1', 'synod_is_damaged')).toBe(1);
    const line = folder.log('n1').findLast(({ level }) => level === 50);
    expect(line).toMatchObject({ file: segment });
    expect(line?.['record']).toMatch(/^block \d+$/);

    expect((await client.machine(chatLog).append('one more')).position).toBe(5);
    await cluster.stop();
    expect(folder.snapshot('n1')).toEqual(damaged);
  }, 60_000);
});

describe('requests and garbage', () => {
  test('an answer that is larger than NATS takes is refused, and the members go on', async () => {
    const cluster = await folder.start(3);
    const client = await folder.client(cluster);
    for (let n = 0; n < 2; n++) await client.machine(chatLog).append(`${n}`.padEnd(100_000, 'x'));
    const page = encodeChatOperation({ type: 'read', from: 0, limit: 2 });
    const pages = Array.from({ length: 12 }, () => page);
    await expect(client.propose(pages)).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
    expect((await client.machine(chatLog).append('next')).position).toBe(2);
    expect(cluster.names.map((name) => cluster.node(name)?.running)).toEqual([true, true, true]);
  }, 30_000);

  test('too large, invalid UTF-8, unknown: each a typed error, and the next request works', async () => {
    const cluster = await folder.start(3);
    const client = await folder.client(cluster);
    const kib = 1024;
    for (const size of [129 * kib, 2048 * kib]) {
      await expect(client.machine(chatLog).append('x'.repeat(size))).rejects.toMatchObject({
        code: 'TOO_LARGE',
      });
    }
    await expect(client.machine(chatLog).append('half a character: \ud83d')).rejects.toMatchObject({
      code: 'INVALID_OPERATION',
    });
    await expect(client.machine(counter).add('r', 1)).rejects.toMatchObject({
      code: 'INVALID_OPERATION',
    });
    await expect(client.machine(counter).read('r')).rejects.toMatchObject({
      code: 'INVALID_OPERATION',
    });
    const header = Buffer.alloc(9);
    header.writeDoubleBE(-1, 1);
    const { results } = await client.propose([Buffer.concat([header, Buffer.of(0xc3, 0x28)])]);
    expect(results).toEqual([Buffer.of(3)]);
    expect((await client.machine(chatLog).append('next')).position).toBe(0);
    expect(await client.machine(chatLog).read()).toEqual({ texts: ['next'], total: 1 });
  }, 30_000);

  test('garbage on every subject is dropped and counted, and the next request works', async () => {
    const cluster = await folder.start(3);
    const subjects = subjectsOf('local', folder.cluster);
    const outside = await connectNats({ servers: cluster.natsUrl });
    const client = await folder.client(cluster);
    await client.machine(chatLog).append('before');
    const dropped = (member: string, reason: string) =>
      folder.metric(member, `synod_messages_dropped_total{reason="${reason}"}`);
    const garbage = [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(100_000, 0xc1)];
    const targets = [
      subjects.members,
      ...cluster.names.map((each) => subjects.member(cluster.idOf(each))),
    ];
    for (const bytes of garbage) {
      for (const subject of [...targets, subjects.request, subjects.status]) {
        outside.publish(subject, bytes);
        outside.publish(subject, bytes, { reply: 'no-lane' });
      }
    }
    await outside.flush();
    for (const member of cluster.names) {
      await until('the counts', async () =>
        (await dropped(member, 'malformed')) === 4 * garbage.length ? true : undefined,
      );
    }
    const noLane = await Promise.all(cluster.names.map((each) => dropped(each, 'no-reply-lane')));
    expect(noLane.reduce((a, b) => a + b)).toBe(2 * garbage.length);

    // A vote of somebody who has none does not count.
    const vote: Message = { type: 'p2b', ballot: { round: 1, leader: 'n0' }, slot: 7 };
    const identity = { cluster: cluster.first.clusterId, from: 'stranger', to: undefined };
    const end = { incarnation: { count: 1, random: 1 }, sequence: 1 };
    const run = { count: 99, random: 1 };
    const mark = { slot: 1, from: 0, hash: 1n };
    // Nor is it believed what it says of this member, nor of what was decided or came of that.
    const claims: Message[] = [
      vote,
      { type: 'testimony', of: run, latest: run, sequence: 1e6 },
      { type: 'history', mark, asks: true },
      { type: 'digests', slot: 2 ** 50, tables: [] },
    ];
    const frame = { ...identity, end, history: mark, messages: claims };
    outside.publish(subjects.members, encodeFrame(frame));
    for (const member of cluster.names) {
      await until('the count', async () =>
        (await dropped(member, 'unknown-member')) === claims.length ? true : undefined,
      );
    }

    // With a lane to answer to, it is answered.
    const inbox = 'garbage.inbox';
    const answers: string[] = [];
    outside.subscribe(`${inbox}.*`, { callback: (_, message) => answers.push(message.subject) });
    outside.publish(subjects.request, Buffer.from('garbage'), { reply: `${inbox}.0` });
    await until('an answer', () => answers[0]);
    const refused = await Promise.all(
      cluster.names.map((each) =>
        folder.metric(each, `synod_requests_refused_total{code="MALFORMED"}`),
      ),
    );
    expect(refused.reduce((a, b) => a + b)).toBe(1);
    // Strangers that are made up, each with a name of its own.
    for (let i = 0; i < 500; i++) {
      const from = `stranger-${i}`;
      outside.publish(subjects.members, encodeFrame({ ...frame, from }));
      outside.publish(subjects.members, encodeFrame({ ...frame, from, cluster: `other-${i}` }));
      outside.publish(subjects.request, garbage[1], { reply: `no-lane-${'x'.repeat(i)}` });
    }
    await outside.flush();
    await until('the count', async () =>
      (await dropped('n0', 'other-cluster')) === 500 ? true : undefined,
    );
    // One line a second and reason at most, and short ones.
    const complaints = folder.log('n0').filter(({ msg }) => msg === 'a message was dropped');
    expect(complaints.length).toBeGreaterThan(0);
    expect(Math.max(...complaints.map((line) => JSON.stringify(line).length))).toBeLessThan(600);
    const seconds = complaints.map(({ reason, time }) => {
      return `${String(reason)} ${Math.floor(Date.parse(String(time)) / 1000)}`;
    });
    expect(
      Math.max(...seconds.map((one) => seconds.filter((each) => each === one).length)),
    ).toBeLessThan(3);

    expect((await client.machine(chatLog).append('after')).position).toBe(1);
    await outside.close();
  }, 30_000);

  test('garbage or half a line on the TCP port is dropped, and the next line works', async () => {
    const [port = 0] = await freePorts(1);
    const natsUrl = await folderNats(folder.workspace, process.env, () => undefined);
    const logFile = `${folder.dataOf('p0')}.log`;
    const node = new NodeProcess({
      workspace: folder.workspace,
      natsUrl,
      cluster: folder.cluster,
      member: 'p0',
      members: ['p0'],
      data: folder.dataOf('p0'),
      program: NODE_PROGRAM,
      flags: ['--http-port', '0', '--mode', 'on-demand', '--script-port', String(port)],
      logFile,
    });
    await node.ready;
    const dial = async () => {
      const socket = connectTcp(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    const master = await dial();
    let answers = '';
    master.setEncoding('utf8').on('data', (text: string) => (answers += text));
    master.write('msg 1 a text\n');
    await until('an ack', () => (answers.includes('ack 1 ') ? true : undefined));

    const garbage = ['nonsense\n', 'msg\n', 'msg x y\n', 'get nothing\n', 'crashP2a 9\n', '\n'];
    for (const line of garbage) master.write(line);
    master.write(Buffer.concat([Buffer.from('msg 2 '), Buffer.of(0xc3, 0x28, 10)]));
    const other = await dial();
    other.write('msg 3 half a li');
    other.destroy();
    const endless = await dial();
    endless.on('error', () => undefined);
    const closed = once(endless, 'close');
    endless.write(Buffer.alloc(1024 * 1024 + 2, 'x'));
    await closed;

    master.write('msg 4 another\n');
    await until('an ack', () => (answers.includes('ack 4 ') ? true : undefined));
    master.write('get chatLog\n');
    await until('the chat log', () => (answers.includes('chatLog') ? true : undefined));
    expect(answers).toMatch(/22-chatLog a text,another$/);
    const counted = await folder.metric('p0', `synod_messages_dropped_total{reason="script-line"}`);
    expect(counted).toBe(garbage.length + 2);
    master.destroy();
    await node.stop(5_000);
  }, 30_000);
});
