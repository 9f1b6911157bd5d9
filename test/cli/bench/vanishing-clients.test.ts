import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'nats';
import { vanishingClients } from '../../../cli/src/bench/vanishing-clients.ts';
import { folderNats } from '../../../cli/src/local/folder-nats.ts';
import { Workspace } from '../../../cli/src/local/workspace.ts';
import { encodeReplies } from '../../../contract/src/reply.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';

/* A real nats-server, and a member that is overloaded all the time. */

let workspace: Workspace;
let natsUrl: string;
beforeEach(async () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-vanishing-'));
  workspace = new Workspace(folder);
  natsUrl = await folderNats(workspace, { ...process.env, SYNOD_NATS_URL: '' }, () => undefined);
});
afterEach(async () => {
  const folder = path.dirname(workspace.path);
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('who is refused tries again, and not once all is over', async () => {
  const member = await connect({ servers: natsUrl });
  let asked = 0;
  member.subscribe(subjectsOf('local', 'c').request, {
    callback: (_, { reply = '' }) => {
      asked += 1;
      const [inbox, lane] = [path.parse(reply).name, Number(path.extname(reply).slice(1))];
      const outcome = { ok: false, code: 'OVERLOADED' } as const;
      const replies = [{ lane, number: 2, outcome }];
      member.publish(`${inbox}.replies`, encodeReplies({ clusterId: 'c', replies }));
    },
  });
  await member.flush();
  const over = new AbortController();
  const running = vanishingClients(undefined, { natsUrl, cluster: 'c' }, over.signal);
  // Whoever was refused last begins again after the connection is closed.
  while (asked <= 3 * 256) await new Promise((resolve) => setTimeout(resolve, 5));
  over.abort();
  await running;
  await new Promise((resolve) => setTimeout(resolve, 200)); // What would be thrown fails the test.
  expect(asked).toBeGreaterThan(3 * 256);
  await member.close();
});
