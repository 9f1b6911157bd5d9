import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { connect } from '../../../client/src/client.ts';
import { parseConfig } from '../../../node/src/config.ts';
import { Node } from '../../../node/src/service/node.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { DiskFolder } from '../../../node/src/storage/disk-folder.ts';
import { FolderLock } from '../../../node/src/storage/folder-lock.ts';
import { OverlayState } from '../../../node/src/storage/overlay-state.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { until } from '../../journeys/test-cluster.ts';
import { chatLog } from '../../../machines/src/chat-log/calls.ts';

/* Whoever gives a snapshot reads all of the state: it may be the first to find damage there. */

/* eslint-disable @typescript-eslint/unbound-method -- they are put back as they were */
const { close, write } = DiskFolder.prototype;
const { snapshot } = OverlayState.prototype;
/* eslint-enable @typescript-eslint/unbound-method */
afterEach(() => {
  Object.assign(DiskFolder.prototype, { close, write });
  Object.assign(OverlayState.prototype, { snapshot });
});

/** What is written to a folder that was closed. */
function watchClosed(): { closes: () => number; late: string[] } {
  const closed = new WeakSet<DiskFolder>();
  const late: string[] = [];
  let closes = 0;
  DiskFolder.prototype.close = function (this: DiskFolder) {
    closed.add(this);
    closes += 1;
    close.call(this);
  };
  DiskFolder.prototype.write = function (this: DiskFolder, ...args) {
    if (closed.has(this)) late.push(args[0]);
    write.apply(this, args);
  };
  return { closes: () => closes, late };
}

test('damage that a snapshot finds ends the run that writes the log, before the next one opens it', async () => {
  const nats = await NatsProcess.reserve();
  await nats.start();
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-damage-'));
  const { closes, late } = watchClosed();
  const flags = ['--data', data, '--nats-url', nats.url, '--cluster', 'damaged'];
  const one = ['--member', 'a', '--members', 'a', '--http-port', '0'];
  const config = parseConfig([...flags, ...one], {});
  const lock = await FolderLock.take(data, config.name, () => undefined);
  const fatal: Error[] = [];
  const none = (): void => undefined;
  const log = pino({ level: 'silent' });
  const node = new Node(config, lock, log, (error) => fatal.push(error), none, none);
  await node.start();
  const client = await connect({ natsUrl: nats.url, cluster: 'damaged', role: 'administrator' });
  let isOver = false;
  const append = async (): Promise<void> => {
    while (!isOver)
      await client
        .machine(chatLog)
        .append('x'.repeat(20_000))
        .catch(() => undefined);
  };
  const appending = Array.from({ length: 16 }, append);
  try {
    await until('it leads', () => (node.status().role === 'leader' ? true : undefined));
    OverlayState.prototype.snapshot = () => {
      throw new DamageError('state.mdb', 'table t', 'it is not what was written');
    };
    const save = async (): Promise<void> => {
      const parts = client.admin.snapshot('a', { local: true });
      while ((await parts[Symbol.asyncIterator]().next()).done !== true);
    };
    await expect(save()).rejects.toThrow();
    await until('its run has ended', () => (closes() > 0 ? true : undefined));
    await delay(300); // The writes of that run would come now.
  } finally {
    isOver = true;
    await Promise.all(appending);
    await client.close();
    await node.stop();
    await nats.kill();
    fs.rmSync(data, { recursive: true });
  }
  expect({ late, fatal }).toEqual({ late: [], fatal: [] });
}, 40_000);
