import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { append, diskPlace, open } from './log-places.ts';

/* What the system says of the files that this process has open. No power is cut here. */

/** Flags of the open files whose path ends so, by the path. */
function flagsOf(ending: string): Record<string, number> {
  const flags: Record<string, number> = {};
  for (const file of fs.readdirSync('/proc/self/fd')) {
    const info = `/proc/self/fdinfo/${file}`;
    if (!fs.existsSync(info)) continue;
    const target = fs.readlinkSync(`/proc/self/fd/${file}`);
    const [, octal = '0'] = /^flags:\s+(\d+)/m.exec(fs.readFileSync(info, 'utf8')) ?? [];
    if (target.endsWith(ending)) flags[path.basename(target)] = Number.parseInt(octal, 8);
  }
  return flags;
}

/** KiB of a file's pages that are in memory, and newer than on disk. */
function dirtyKib(file: string): number {
  let isOfFile = false;
  let kib = 0;
  for (const line of fs.readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    if (/^[\da-f]+-[\da-f]+ /.test(line)) isOfFile = line.endsWith(file);
    const [, dirty = 0] = /^(?:Shared|Private)_Dirty:\s+(\d+)/.exec(line) ?? [];
    if (isOfFile) kib += Number(dirty);
  }
  return kib;
}

test('the log is open for durable writes: when it is made, and when it is opened again', async () => {
  const place = diskPlace();
  const record = { type: 'floor', slot: 1 } as const;
  for (const what of ['made', 'opened']) {
    const { log } = open(place);
    await append(log, [record]);
    const flags = flagsOf('.log');
    expect({ what, files: Object.keys(flags) }).toEqual({ what, files: ['00000001.log'] });
    for (const each of Object.values(flags)) expect(each & fs.constants.O_DSYNC).not.toBe(0);
    await log.close();
  }
  place.clean();
});

test('a cut that is done waits in no cache', async () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-durable-'));
  const state = openLmdbState({ folder, clusterId: 'c', memberId: 'm' });
  for (let i = 0; i < 50; i++) state.tables.put('t', `key ${i}`, Buffer.alloc(3_000, i));
  await promisify(state.cut(1).write)();
  const read = [...state.tables.range('t')];
  expect(read).toHaveLength(50);
  expect(dirtyKib('/state.mdb')).toBe(0);
  await state.close();
  fs.rmSync(folder, { recursive: true });
});
