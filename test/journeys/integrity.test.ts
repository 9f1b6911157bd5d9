import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectNats, type Msg } from 'nats';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { encodeChatOperation, parseChatResult } from '../../machines/src/chat-log/operations.ts';
import { parseStatus, type MemberStatus } from '../../contract/src/status.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { Applier } from '../../node/src/machine/applier.ts';
import { chatLogMachine } from '../../machines/src/chat-log/machine.ts';
import { isSystemCommand } from '../../node/src/paxos/system-command.ts';
import { openLmdbState } from '../../node/src/storage/lmdb-state.ts';
import { encodeFrame, parseFrame } from '../../node/src/transport/frame-codec.ts';
import { GarblingProxy } from './garbling-proxy.ts';
import { NatsProcess } from './nats-process.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/*
 * Disks that were put back, copied or damaged, and frames that were changed, with real processes
 * and the counter, which hides nothing: see the table in docs/failures.md.
 */

const COUNTER = ['--machine', 'counter'];

let folder: TestFolder;
let copy: string;
beforeEach(() => {
  folder = new TestFolder();
  copy = path.join(folder.path, 'copy');
});
afterEach(() => folder.remove());

async function add(client: SynodClient, times: number): Promise<void> {
  const all = Array.from({ length: times }, () => client.machine(counter).add('r', 1));
  await Promise.all(all);
}

async function kill(cluster: LocalCluster, name: string): Promise<void> {
  cluster.node(name)?.kill('SIGKILL');
  await cluster.node(name)?.exit;
}

/** What a member says of itself. */
async function statusOf(name: string): Promise<MemberStatus> {
  const text = await (await fetch(`${folder.http(name)}/status`)).text();
  const status = parseStatus(text);
  if (status === undefined)
    throw new Error(`${name} reported something that is not a status: ${text}`);
  return status;
}

/** Waits until a member has no roles. @returns why, as it says itself */
async function whyWithoutRoles(name: string): Promise<string> {
  const { alarms } = await until(`${name} has no roles`, async () => {
    const status = await statusOf(name);
    return status.role === 'damaged' || status.role === 'halted' ? status : undefined;
  });
  const ready = await fetch(`${folder.http(name)}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, `Not ready: ${alarms[0] ?? ''}\n`]);
  expect((await fetch(`${folder.http(name)}/healthz`)).status).toBe(200);
  return alarms[0] ?? '';
}

/** Waits until a member has a cut on disk, of all slots below one and of what it had heard then. */
async function hasOnDisk(name: string, slotOut: number): Promise<void> {
  await until(`the state of ${name} is on disk`, async () =>
    (await folder.metric(name, 'synod_flushed_slot_out')) >= slotOut ? true : undefined,
  );
}

/** A member's data folder is put back from the copy of it. */
function putBack(name: string): void {
  fs.rmSync(folder.dataOf(name), { recursive: true });
  fs.cpSync(copy, folder.dataOf(name), { recursive: true });
}

/** An add that nobody may acknowledge. @returns the code of its error */
async function refusedAdd(cluster: LocalCluster, register: string): Promise<string> {
  const { natsUrl } = cluster;
  const hasty = await connect({ natsUrl, cluster: folder.cluster, deadlineMs: 3_000 });
  try {
    const { value } = await hasty.machine(counter).add(register, 1);
    return `acknowledged: ${value}`;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await hasty.close();
  }
}

describe('a data folder that was put back from an older copy of itself', () => {
  /** n1 is stopped, copied, and goes on; so the copy is of its run before. */
  async function copyOfN1(cluster: LocalCluster): Promise<void> {
    await cluster.node('n1')?.stop(8_000);
    fs.cpSync(folder.dataOf('n1'), copy, { recursive: true });
    await cluster.startMember('n1');
  }

  test('has no vote, and says why; 500 acknowledged adds are there when the killed one returns', async () => {
    const cluster = await folder.start(3, undefined, COUNTER);
    const client = await folder.client(cluster);
    await add(client, 200);
    await copyOfN1(cluster);
    await kill(cluster, 'n2');
    await add(client, 300);

    await kill(cluster, 'n1');
    putBack('n1');
    await cluster.startMember('n1');
    const heard = cluster.idOf('n0');
    const why = await whyWithoutRoles('n1');
    expect(why).toContain(heard);
    expect(why).toMatch(/older copy/);
    await kill(cluster, 'n0');
    await cluster.startMember('n2');
    expect(await refusedAdd(cluster, 'other')).toMatch(/NO_LEADER|TIMED_OUT/);
    expect((await statusOf('n2')).role).toBe('follower');

    await cluster.startMember('n0');
    expect((await client.machine(counter).read('r')).value).toBe(500);
    await add(client, 5);
    expect((await client.machine(counter).read('r')).value).toBe(505);
    expect(await whyWithoutRoles('n1')).toContain(heard);
    expect(await folder.metric('n1', 'synod_is_ready')).toBe(0);
  }, 60_000);

  test('while all who heard of it are down: when they return, that is said, and nobody goes on', async () => {
    const cluster = await folder.start(3, undefined, COUNTER);
    const client = await folder.client(cluster);
    await add(client, 200);
    await kill(cluster, 'n2');
    await add(client, 10);
    await copyOfN1(cluster);
    await add(client, 290);
    await hasOnDisk('n0', (await statusOf('n1')).slotOut);

    await kill(cluster, 'n1');
    await kill(cluster, 'n0');
    putBack('n1');
    await Promise.all(['n1', 'n2'].map((name) => cluster.startMember(name)));
    // What they have they all have, in good faith: this is what remains, and is documented.
    const { value } = await client.machine(counter).read('r');
    expect(value).toBeLessThan(500);
    await add(client, 5);

    await cluster.startMember('n0');
    expect(await whyWithoutRoles('n0')).toMatch(/is not what others have.* nowhere else: keep it/);
    // It voted before it heard that: what it has is kept, too.
    expect(await whyWithoutRoles('n1')).toMatch(/older copy|is not what others have/);
    expect((await statusOf('n1')).role).toBe('halted');
    const differs = `What ${cluster.idOf('n0')} has as decided below slot `;
    await until('the third one says so, too', async () => {
      const { alarms } = await statusOf('n2');
      return alarms.some((alarm) => alarm.startsWith(differs)) ? true : undefined;
    });
    expect(await refusedAdd(cluster, 'r')).toMatch(/NO_LEADER|TIMED_OUT/);
  }, 60_000);
});

/** A process of its own on the folder `clone`. */
function cloneOn(cluster: LocalCluster): NodeProcess {
  return new NodeProcess({
    workspace: folder.workspace,
    natsUrl: cluster.natsUrl,
    cluster: folder.cluster,
    name: 'clone',
    data: folder.dataOf('clone'),
    logFile: `${folder.dataOf('clone')}.log`,
    program: NODE_PROGRAM,
    flags: ['--http-port', '0', ...COUNTER],
  });
}

test('a copy of a data folder whose member was restarted since: the copy halts, and it alone', async () => {
  const cluster = await folder.start(3, undefined, COUNTER);
  const client = await folder.client(cluster);
  await add(client, 50);
  await cluster.node('n1')?.stop(8_000);
  fs.cpSync(folder.dataOf('n1'), folder.dataOf('clone'), { recursive: true });
  for (let run = 0; run < 2; run++) {
    await cluster.startMember('n1');
    await until('it serves', async () => ((await statusOf('n1')).ready ? true : undefined));
    if (run === 0) await cluster.node('n1')?.stop(8_000);
  }
  const clone = cloneOn(cluster);
  await clone.ready;
  expect(await whyWithoutRoles('clone')).toMatch(/an earlier one: its data folder is a copy/);
  await add(client, 50);
  for (const name of cluster.names) {
    expect((await statusOf(name)).role).toMatch(/^(leader|follower)$/);
  }
  expect((await client.machine(counter).read('r')).value).toBe(100);
  await clone.stop(8_000);
}, 60_000);

test('a cloned data folder, both copies running: both stop without roles, and nothing is lost', async () => {
  const cluster = await folder.start(3, undefined, COUNTER);
  const client = await folder.client(cluster);
  await add(client, 50);
  await cluster.node('n1')?.stop(8_000);
  fs.cpSync(folder.dataOf('n1'), folder.dataOf('clone'), { recursive: true });
  await cluster.startMember('n1');
  const clone = cloneOn(cluster);
  await clone.ready;
  let added = 50;
  await until('both say so', async () => {
    await add(client, 5);
    added += 5;
    const found = await Promise.all([statusOf('n1'), statusOf('clone')]);
    return found.every(({ role }) => role === 'halted') ? true : undefined;
  });
  for (const name of ['n1', 'clone']) {
    expect(await whyWithoutRoles(name)).toMatch(
      /another one with the same number: its data folder/,
    );
    expect(await folder.metric(name, 'synod_is_halted')).toBe(1);
  }
  expect((await client.machine(counter).read('r')).value).toBe(added);

  // What the message says is what helps.
  await clone.stop(8_000);
  await kill(cluster, 'n1');
  await cluster.startMember('n1');
  await until('it is one again', async () => {
    const { role, ready } = await statusOf('n1');
    return role !== 'halted' && ready ? true : undefined;
  });
  await kill(cluster, 'n2');
  await add(client, 5);
  expect((await client.machine(counter).read('r')).value).toBe(added + 5);
}, 60_000);

test('a recording of all frames, played again after every member was restarted: all go on', async () => {
  const cluster = await folder.start(3, undefined, COUNTER);
  const client = await folder.client(cluster);
  const outside = await connectNats({ servers: cluster.natsUrl });
  const recorded: [subject: string, data: Uint8Array][] = [];
  const ours = `synod.local.${folder.cluster}.member`;
  for (const subject of [`${ours}s`, `${ours}.>`]) {
    const callback = (_: unknown, message: Msg): void => {
      recorded.push([message.subject, Uint8Array.from(message.data)]);
    };
    outside.subscribe(subject, { callback });
  }
  await outside.flush();
  await add(client, 50);
  for (const name of cluster.names) {
    await kill(cluster, name);
    await cluster.startMember(name);
    await until(`${name} serves`, async () => ((await statusOf(name)).ready ? true : undefined));
  }
  // Each member is older than an election takes: nothing that comes now is merely late.
  await delay(2_000);
  const played = recorded.slice();
  for (const [subject, data] of played) outside.publish(subject, data);
  await outside.flush();
  await add(client, 50);
  for (const name of cluster.names) {
    const outlived = 'synod_messages_dropped_total{reason="outlived"}';
    await until(`${name} counts them`, async () => {
      return (await folder.metric(name, outlived)) > 0 ? true : undefined;
    });
    expect((await statusOf(name)).role).toMatch(/^(leader|follower)$/);
  }
  expect((await client.machine(counter).read('r')).value).toBe(100);
  await outside.close();
}, 60_000);

test('damage of each file: up without roles, the file is named, nothing is changed; others go on', async () => {
  const cluster = await folder.start(3, undefined, COUNTER);
  const client = await folder.client(cluster);
  await add(client, 50);
  const data = folder.dataOf('n1');
  const flip = (name: string, at: number) => (): void => {
    const bytes = fs.readFileSync(path.join(data, name));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    fs.writeFileSync(path.join(data, name), bytes);
  };
  const segment = 'log/00000001.log';
  const damages: [name: string, change: () => void][] = [
    ['identity.json', flip('identity.json', 30)],
    ['first-configuration.json', flip('first-configuration.json', 30)],
    ['first-configuration.json', () => fs.rmSync(path.join(data, 'first-configuration.json'))],
    ['superblock', flip('log/superblock', 30)],
    ['log', () => fs.rmSync(path.join(data, 'log'), { recursive: true })],
    ['00000001.log', flip(segment, 700)],
    ['00000001.log', () => fs.truncateSync(path.join(data, segment))],
    ['00000001.log', () => fs.rmSync(path.join(data, segment))],
  ];
  await cluster.node('n1')?.stop(8_000);
  fs.cpSync(data, copy, { recursive: true });
  for (const [name, change] of damages) {
    putBack('n1');
    change();
    const damaged = folder.snapshot('n1');
    await cluster.startMember('n1');
    expect(await whyWithoutRoles('n1')).toMatch(new RegExp(`^${name} is damaged at `));
    await add(client, 1);
    await cluster.node('n1')?.stop(8_000);
    expect(folder.snapshot('n1')).toEqual(damaged);
  }
  putBack('n1');
  await cluster.startMember('n1');
  await until('it is well', async () => ((await statusOf('n1')).ready ? true : undefined));
  expect((await client.machine(counter).read('r')).value).toBe(50 + damages.length);
}, 90_000);

test('a sole member without its state is not ready, says what is missing, and keeps what it has', async () => {
  const cluster = await folder.start(1, undefined, ['--log-bytes', String(4 * 1024 * 1024)]);
  const client = await folder.client(cluster);
  const page = 'y'.repeat(60_000);
  for (let n = 0; n < 200; n++) await client.machine(chatLog).append(page);
  await until('the log begins above slot 0', async () => {
    const { floor } = await statusOf('n0');
    return floor > 0 ? true : undefined;
  });
  await cluster.node('n0')?.stop(8_000);
  const state = path.join(folder.dataOf('n0'), 'state.mdb');
  const bytes = fs.readFileSync(state);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  fs.writeFileSync(state, bytes);
  await cluster.startMember('n0');
  const { alarms, ready } = await until('it says so', async () => {
    const status = await statusOf('n0');
    return status.alarms.length > 0 ? status : undefined;
  });
  expect(ready).toBe(false);
  expect(alarms[0]).toMatch(/^The state below slot \d+ is not here, and the log begins there/);
  expect(alarms[1]).toMatch(/is kept as state\.damaged\.mdb\. Keep it until then\.$/);
  expect((await fetch(`${folder.http('n0')}/readyz`)).status).toBe(503);
}, 60_000);

test('flipped bits in frames are dropped and counted; every text arrives at every member as it was', async () => {
  const nats = await NatsProcess.reserve();
  await nats.start();
  const proxy = new GarblingProxy(Number(new URL(nats.url).port), 'pay 101', 3);
  try {
    const cluster = await folder.start(3, await proxy.listen());
    // The client is not behind the proxy; what it sends passes it on the way to who leads.
    const client = await folder.client({ natsUrl: nats.url });
    const texts = Array.from({ length: 60 }, (_, i) => `${i}: pay 101`);
    for (const text of texts) await client.machine(chatLog).append(text);
    expect(proxy.flips).toBeGreaterThan(20);
    proxy.stopGarbling();
    // What was changed last is on its way yet.
    await until('each flipped bit is counted', async () => {
      const counts = await Promise.all(
        cluster.names.flatMap((name) => [
          folder.metric(name, 'synod_messages_dropped_total{reason="garbled"}'),
          folder.metric(name, 'synod_requests_refused_total{code="GARBLED"}'),
        ]),
      );
      return counts.reduce((a, b) => a + b) === proxy.flips ? true : undefined;
    });
    await until('all at one slot', async () => {
      const found = await Promise.all(cluster.names.map(statusOf));
      return new Set(found.map(({ slotOut }) => slotOut)).size === 1 ? true : undefined;
    });
    await cluster.stop();
    for (const name of cluster.names) {
      expect(await textsOf(name, cluster.first.clusterId, cluster.idOf(name))).toEqual(texts);
    }
  } finally {
    proxy.close();
    await nats.kill();
  }
}, 60_000);

test('a command that changed in the memory of a member is accepted by no other one, and counted', async () => {
  const cluster = await folder.start(3);
  const client = await folder.client(cluster);
  const outside = await connectNats({ servers: cluster.natsUrl, noEcho: true });
  const { members } = subjectsOf('local', folder.cluster);
  let changed = 0;
  // What whoever leads says is said again: with a bit of the text turned over before it is framed.
  outside.subscribe(members, {
    callback: (_, { data }) => {
      const frame = parseFrame(data);
      if (!('messages' in frame)) return;
      const p2a = frame.messages.find((message) => message.type === 'p2a');
      const [command, ...others] = p2a?.value ?? [];
      if (p2a === undefined || command === undefined || isSystemCommand(command)) return;
      const copy = Buffer.from(command);
      const at = copy.indexOf('pay 101');
      if (at < 0) return; // It opens a session.
      copy[at] = (copy[at] ?? 0) ^ 1;
      const messages = [{ ...p2a, value: [copy, ...others] }];
      outside.publish(members, encodeFrame({ ...frame, messages }));
      changed += 1;
    },
  });
  await outside.flush();
  const texts = Array.from({ length: 20 }, (_, i) => `${i}: pay 101`);
  for (const text of texts) await client.machine(chatLog).append(text);
  await outside.drain();
  expect(changed).toBeGreaterThanOrEqual(texts.length);
  const unsound = 'synod_messages_dropped_total{reason="unsound"}';
  await until('both followers dropped all', async () => {
    const counts = await Promise.all(cluster.names.map((name) => folder.metric(name, unsound)));
    return counts.sort().join() === [0, changed, changed].join() ? true : undefined;
  });
  expect((await client.machine(chatLog).read()).texts).toEqual(texts);
}, 60_000);

/** What a member that has stopped has in its state. */
async function textsOf(name: string, clusterId: string, memberId: string): Promise<unknown> {
  const state = openLmdbState({ folder: folder.dataOf(name), clusterId, memberId });
  const read = encodeChatOperation({ type: 'read', from: 0, limit: 1_000 });
  const result = parseChatResult(new Applier(chatLogMachine, state.tables, {}).query(read));
  await state.close();
  return result.type === 'texts' ? result.texts : result;
}
