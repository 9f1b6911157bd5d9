import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import type { SynodClient } from '../../client/src/client.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { synod } from './cli-run.ts';
import { TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* A cluster of real processes that is over its quota: docs/failures.md, "A quota". */

const KIB = 1024;
const QUOTA_BYTES = 2 * KIB * KIB;
const TEXT_BYTES = 64 * KIB;
/** The quota, and what may be under way when it is reached: as docs/failures.md says, 64 MiB. */
const TEXTS_AT_MOST = (QUOTA_BYTES + 64 * KIB * KIB) / TEXT_BYTES;

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove(), 20_000);

async function statuses({ names }: LocalCluster): Promise<MemberStatus[]> {
  return Promise.all(
    names.map(async (name) => {
      return (await (await fetch(`${folder.http(name)}/status`)).json()) as MemberStatus;
    }),
  );
}

function text(number: number): string {
  return `${number} `.padEnd(TEXT_BYTES, 'x');
}

/** @returns how many texts were taken before one was refused */
async function fill(client: SynodClient): Promise<number> {
  for (let taken = 0; taken <= TEXTS_AT_MOST; taken++) {
    try {
      await client.machine(chatLog).append(text(taken));
    } catch (error) {
      expect(error).toMatchObject({ code: 'QUOTA_EXCEEDED' });
      return taken;
    }
  }
  throw new Error('more is taken than the quota and what is under way');
}

const everywhere = (cluster: LocalCluster, code: string): Promise<true> =>
  until(code, async () => {
    const all = await statuses(cluster);
    return all.every(({ alarmCodes }) => alarmCodes.includes(code as never)) || undefined;
  });

test('over its quota a cluster refuses what makes it larger, says so, and takes it again with more room', async () => {
  const cluster = await folder.start(3, undefined, ['--quota-bytes', String(QUOTA_BYTES)]);
  const client = await folder.client(cluster);
  const taken = await fill(client);
  expect(taken).toBeGreaterThan(10);
  const { texts } = await client.machine(chatLog).read({ limit: 1 });
  expect(texts[0]?.length).toBe(TEXT_BYTES);
  await everywhere(cluster, 'quota-reached');
  const where = ['--cluster', folder.cluster, '--nats-url', cluster.natsUrl];
  const said = await synod(['status', ...where], { cwd: folder.path });
  expect(said).toMatchObject({ code: 3 });
  expect(said.stdout).toContain('--quota-bytes');
  const [used, most] = await Promise.all([
    folder.metric('n0', 'synod_state_used_bytes'),
    folder.metric('n0', 'synod_quota_bytes'),
  ]);
  expect(most).toBe(QUOTA_BYTES);
  expect(used).toBeGreaterThan(most);

  // It is in the log and the state: all that is killed comes back with it.
  for (const name of cluster.names) {
    cluster.node(name)?.kill('SIGKILL');
    await cluster.node(name)?.exit;
  }
  await Promise.all(cluster.names.map((name) => cluster.startMember(name)));
  await everywhere(cluster, 'quota-reached');
  await expect(client.machine(chatLog).append('more')).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
  });
  expect(await client.machine(chatLog).read({ limit: 0 })).toMatchObject({ total: taken });

  // All are started with more; whoever leads then says so.
  await client.close();
  await cluster.stop();
  const larger = await folder.start(3, undefined, ['--quota-bytes', String(8 * QUOTA_BYTES)]);
  const writer = await folder.client(larger);
  const appended = await until('room', async () => {
    return writer
      .machine(chatLog)
      .append('more')
      .catch(() => undefined);
  });
  expect(appended).toMatchObject({ position: taken, existed: false });
  await until('no alarm', async () => {
    const all = await statuses(larger);
    return all.every(({ alarms }) => alarms.length === 0) || undefined;
  });
}, 120_000);
