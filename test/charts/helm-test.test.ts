import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { inWorkingFolder } from '../journeys/cli-run.ts';

/* What `helm test` runs in its pod, here beside a cluster of processes: with each machine. */

const program = path.resolve('dist/node/src/main.js');
const script = readFileSync('charts/synod/files/test.mjs', 'utf8');

/** @returns what it wrote; it throws when it does not end with 0 */
async function helmTest(natsUrl: string): Promise<string> {
  const args = ['--input-type=module', '-e', script];
  const env = {
    PATH: process.env['PATH'],
    SYNOD_NATS_URL: natsUrl,
    SYNOD_NATS_ROLE: 'writer',
    SYNOD_CLUSTER: 'tested',
    SYNOD_NAMESPACE: 'local',
  };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  return stdout;
}

test.each([
  ['chat-log', /^The text "(helm test .*)" is in slot \d+, at position \d+: \1\n$/],
  ['counter', /^An add to "helm test .*" is in slot \d+; the register is 1\n$/],
])(
  'it writes and reads with the machine %s',
  async (machine, sentence) => {
    await inWorkingFolder(async (cwd) => {
      const flags = ['--machine', machine];
      const workspace = new Workspace(cwd);
      const options = { workspace, cluster: 'tested', nodes: 1, program, flags };
      const cluster = await LocalCluster.start(options);
      try {
        expect(await helmTest(cluster.natsUrl)).toMatch(sentence);
        expect(await helmTest(cluster.natsUrl)).toMatch(sentence);
      } finally {
        await cluster.stop();
      }
    });
  },
  60_000,
);
