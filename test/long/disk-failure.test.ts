import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect } from '../../client/src/client.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { UnreliableDisk, type DiskFailure } from './unreliable-disk.ts';
import { counter } from '../../machines/src/counter/calls.ts';

const CLUSTER = 'disk-failure';
const MEMBER = 'n0';
const { EIO, ENOSPC } = constants.errno;

let folder: string;
let workspace: Workspace;
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'synod-disk-failure-')));
  workspace = new Workspace(folder);
  fs.mkdirSync(workspace.dataOf(CLUSTER), { recursive: true });
});
afterEach(async () => {
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true, force: true });
});

function start(nodeEnvironment: Readonly<Record<string, string>>): Promise<LocalCluster> {
  const flags = ['--machine', 'counter', '--checkpoint-ms', '20'];
  return LocalCluster.start({
    workspace,
    cluster: CLUSTER,
    nodes: 1,
    nodeEnvironment,
    flags,
    program: path.resolve('dist/node/src/main.js'),
  });
}

/** Adds 1 to a register until the cluster does not answer. @returns the last value it answered */
async function addUntilItEnds({ natsUrl }: LocalCluster): Promise<number> {
  const client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs: 1_500 });
  let last = 0;
  try {
    for (;;) last = (await client.machine(counter).add('r', 1)).value;
  } catch (error) {
    if (!(error instanceof SynodError) || error.code !== 'TIMED_OUT') throw error;
    return last;
  } finally {
    await client.close();
  }
}

function lastLogLine(): Record<string, unknown> {
  const log = fs.readFileSync(path.join(workspace.dataOf(CLUSTER), `${MEMBER}.log`), 'utf8');
  return JSON.parse(log.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

const failures: (DiskFailure & { error: string })[] = [
  { call: 'write', part: '/log/', nth: 30, errno: ENOSPC, error: 'ENOSPC' },
  { call: 'write', part: '/log/', nth: 30, errno: EIO, error: 'EIO' },
  { call: 'sync', part: '/log/', nth: 30, errno: ENOSPC, error: 'ENOSPC' },
  { call: 'sync', part: '/log/', nth: 30, errno: EIO, error: 'EIO' },
  { call: 'write', part: 'state.mdb', nth: 20, errno: ENOSPC, error: 'No space left on device' },
  { call: 'write', part: 'state.mdb', nth: 20, errno: EIO, error: 'Input/output error' },
  { call: 'sync', part: 'state.mdb', nth: 20, errno: ENOSPC, error: 'No space left on device' },
  { call: 'sync', part: 'state.mdb', nth: 20, errno: EIO, error: 'Input/output error' },
];

test.each(failures)(
  'a $call of $part that fails with $error ends the process with 74; nothing acknowledged is lost',
  async ({ error, ...failure }) => {
    const disk = new UnreliableDisk(folder, workspace.dataOf(CLUSTER));
    const failing = await start(disk.environment(failure));
    const acknowledged = await addUntilItEnds(failing);
    expect(acknowledged).toBeGreaterThan(5);
    expect(await failing.node(MEMBER)?.exit).toBe(74);
    const line = lastLogLine();
    expect(line).toMatchObject({ level: 60, code: 74, name: MEMBER });
    expect(line['msg']).toContain(failure.part);
    expect(line['msg']).toContain(error);

    // What the failed call had in hand may be there or not; what was answered is.
    const well = await start({});
    const client = await connect({ natsUrl: well.natsUrl, cluster: CLUSTER });
    const { value } = await client.machine(counter).read('r');
    expect([acknowledged, acknowledged + 1]).toContain(value);
    await client.close();
    await well.stop();
  },
  60_000,
);

test('a state that finds too little room for its first pages is an error, and no signal', () => {
  const module = path.resolve('dist/node/src/storage/lmdb-state.js');
  const code = `
    import { openLmdbState } from ${JSON.stringify(module)};
    try {
      openLmdbState({ folder: process.argv[1], clusterId: 'a', memberId: 'b' });
      process.stdout.write('opened');
    } catch (error) {
      process.stdout.write(\`\${error.name} \${error.message}\`);
    }
    process.exit();`;
  const ends = new Set<string>();
  for (let kib = 0; kib <= 48; kib += 4) {
    const mounted = path.join(folder, `disk-${kib}`);
    fs.mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${4 + kib}k`, 'tmpfs', mounted]);
    try {
      fs.writeFileSync(path.join(mounted, 'other'), Buffer.alloc(4096));
      const args = ['--input-type=module', '-e', code, mounted];
      const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
      const message = run.stdout.replaceAll(mounted, '');
      ends.add(`${run.signal ?? ''}${run.status ?? ''} ${message}`);
    } finally {
      execFileSync('umount', ['-l', mounted]);
    }
  }
  const sentence =
    '/state.mdb could not be made: its filesystem is full. Make room on its disk, then start it again.';
  expect([...ends]).toEqual([`0 DiskError ${sentence}`]);
}, 120_000);
