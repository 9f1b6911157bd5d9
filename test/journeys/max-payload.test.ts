import fs from 'node:fs';
import path from 'node:path';
import { SynodError } from '../../contract/src/synod-error.ts';
import { NatsProcess } from './nats-process.ts';
import { TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* NATS says how large a message may be (max_payload): whatever it is, the cluster goes on. */

const KIB = 1024;

let folder: TestFolder;
let nats: NatsProcess;

/** What nats-server reads, at its start and when it is told to. */
function limit(maxPayload: number): void {
  fs.writeFileSync(path.join(folder.path, 'nats.conf'), `max_payload: ${maxPayload}\n`);
}

async function serve(maxPayload: number): Promise<void> {
  limit(maxPayload);
  nats = await NatsProcess.reserve(path.join(folder.path, 'nats.conf'));
  await nats.start();
}

/** They wait together, and are packed into slots. */
function texts(count: number, bytes: number, mark = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${mark}${i} `.padEnd(bytes, 'x'));
}

/** What a member says of itself, without NATS. */
async function alarmsOf(member: string): Promise<readonly string[]> {
  const status = await (await fetch(`${folder.http(member)}/status`)).json();
  return (status as { alarms: string[] }).alarms;
}

beforeEach(() => {
  folder = new TestFolder();
});
afterEach(async () => {
  await folder.remove();
  await nats.kill();
});

test.each([64, 256])(
  'with %i KiB, many commands at once are decided and a large one is refused with both sizes',
  async (kib) => {
    await serve(kib * KIB);
    const cluster = await folder.start(3, nats.url);
    const client = await folder.client(cluster);
    const many = texts(3_000, 800);
    await Promise.all(many.map((text) => client.machine(chatLog).append(text)));
    expect((await client.machine(chatLog).append('behind them')).position).toBe(many.length);

    const most = Math.min(128 * KIB, kib * KIB - 4096 - 5);
    const framing = 31 + 7 + 4 + 4 + 9; // Of a command, its session, checksum, operation and kind.
    const fits = 'f'.repeat(most - framing);
    expect((await client.machine(chatLog).append(fits)).position).toBe(many.length + 1);
    await expect(client.machine(chatLog).append(`${fits}f`)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining(
        `(it has ${most + 1} bytes, and ${most} is the most now)`,
      ) as string,
    });
    // An answer that is larger than a message comes all the same.
    for (const text of ['a', 'b']) await client.machine(chatLog).append(text.repeat(50 * KIB));
    const { texts: read } = await client.machine(chatLog).read({ from: many.length + 1 });
    expect(read[0]).toBe(fits);
    expect((await client.machine(chatLog).append('the last')).position).toBe(many.length + 4);
  },
  60_000,
);

test('it becomes smaller while commands come, and larger again: all go on', async () => {
  await serve(1024 * KIB);
  const cluster = await folder.start(3, nats.url);
  const client = await folder.client(cluster);
  let written = 0;
  const write = async (mark: string): Promise<void> => {
    const some = texts(1_000, 800, mark);
    await Promise.all(some.map((text) => client.machine(chatLog).append(text)));
    written += some.length;
  };
  const large = (n: number): string => `large ${n} `.padEnd(100 * KIB, 'x');
  await write('before ');
  limit(64 * KIB);
  nats.reload();
  await write('smaller ');
  await until('the smaller limit', () =>
    client
      .machine(chatLog)
      .append(large(written))
      .then(
        () => void (written += 1),
        (error: unknown) =>
          (error instanceof SynodError && error.code === 'TOO_LARGE') || undefined,
      ),
  );
  await expect(client.machine(chatLog).append(large(written))).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
  await write('smaller still ');
  limit(1024 * KIB);
  await nats.kill();
  await nats.start();
  await write('larger ');
  expect((await client.machine(chatLog).append(large(written))).position).toBeGreaterThanOrEqual(
    written,
  );
}, 120_000);

test('what was written with a larger max_payload is passed on to who was away', async () => {
  await serve(1024 * KIB);
  const flags = ['--log-bytes', String(4 * 1024 * KIB)];
  const cluster = await folder.start(3, nats.url, flags);
  const client = await folder.client(cluster);
  const down = async (name: string): Promise<void> => {
    cluster.node(name)?.kill('SIGKILL');
    await cluster.node(name)?.exit;
  };
  const even = async (): Promise<void> => {
    await until('all of them at one slot', async () => {
      const status = await client.admin.status({ waitMs: 300, expect: 3 });
      const ends = new Set(status.map(({ slotOut }) => slotOut));
      return status.length === 3 && ends.size === 1 ? true : undefined;
    });
  };
  await down('n2');
  for (const text of texts(20, 100 * KIB, 'log ')) await client.machine(chatLog).append(text);
  limit(64 * KIB);
  await nats.kill();
  await nats.start();
  await cluster.startMember('n2'); // From the log of another one.
  await even();
  await down('n2');
  limit(1024 * KIB);
  await nats.kill();
  await nats.start();
  for (const text of texts(150, 100 * KIB, 'state ')) await client.machine(chatLog).append(text);
  limit(64 * KIB);
  await nats.kill();
  await nats.start();
  await cluster.startMember('n2'); // Behind all logs: from a state, and the log after it.
  await even();
  const transferred = folder
    .log('n2')
    .filter(({ msg }) => /another member's state/.test(String(msg)));
  expect(transferred).toHaveLength(1);
  expect((await client.machine(chatLog).read({ from: 169 })).texts[0]).toHaveLength(100 * KIB);
}, 120_000);

test('below 64 KiB a node waits, says which setting is to be raised, and goes on then', async () => {
  await serve(32 * KIB);
  const starting = folder.start(3, nats.url);
  const sentence =
    `NATS at ${nats.url} takes messages of ${32 * KIB} bytes (max_payload), ` +
    `and a member needs ${64 * KIB}: raise max_payload in the configuration of NATS`;
  await until('the notice', () =>
    folder.log('n0').find(({ msg }) => msg === `${sentence}; trying again.`),
  );
  expect(await alarmsOf('n0')).toContain(`${sentence}; trying again.`);
  expect((await fetch(`${folder.http('n0')}/readyz`)).status).toBe(503);
  limit(64 * KIB);
  await nats.kill();
  await nats.start();
  const client = await folder.client(await starting);
  expect((await client.machine(chatLog).append('hello')).position).toBe(0);
}, 60_000);
