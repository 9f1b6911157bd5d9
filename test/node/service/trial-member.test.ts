import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  readSnapshot,
  SnapshotEncoder,
  verifySnapshot,
  type SnapshotHeader,
} from '../../../contract/src/snapshot-file.ts';
import { RESTORE_FILE } from '../../../contract/src/snapshot.ts';
import { createLogger } from '../../../host/src/logger.ts';
import { tryMember } from '../../../node/src/service/trial-member.ts';
import { machine, saved } from '../storage/saved-snapshot.ts';

/* What a throw-away member says of a snapshot. */

const log = createLogger('silent', { name: 'trial' });
let folder: string;
let file: string;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-trial-'));
  file = path.join(folder, RESTORE_FILE);
  fs.writeFileSync(file, await saved());
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Puts the same entries there under another header: the file is whole. */
function rewritten(change: (header: SnapshotHeader) => SnapshotHeader): void {
  const { header } = verifySnapshot(file);
  const encoder = new SnapshotEncoder();
  const pieces = [encoder.header(change(header))];
  for (const entries of readSnapshot(file)) pieces.push(...entries.map((e) => encoder.entry(e)));
  fs.writeFileSync(file, Buffer.concat([...pieces, encoder.end()]));
  verifySnapshot(file);
}

test('it begins with a good one, and all of the state is there after its restart', async () => {
  const snapshot = verifySnapshot(file);
  expect(await tryMember(folder, log)).toEqual(snapshot);
  expect(fs.readdirSync(folder).sort()).toEqual([
    'first-configuration.json',
    'identity.json',
    'log',
    'state.mdb',
  ]);
});

test('a flipped bit, and a file that is not there, are damage', async () => {
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
  await expect(tryMember(folder, log)).rejects.toThrow('restore.snapshot is damaged at its bytes');
  fs.rmSync(file);
  await expect(tryMember(folder, log)).rejects.toThrow('it is missing');
});

test('a file that is whole, and has not what the state had, is damage', async () => {
  rewritten((header) => ({ ...header, digests: { ...header.digests, texts: [30, 'abc'] } }));
  await expect(tryMember(folder, log)).rejects.toThrow(
    'restore.snapshot is damaged at table texts: it is not what the state had',
  );
});

test('a machine that this Synod has not, or not in that version, is refused by its name', async () => {
  rewritten((header) => ({ ...header, machine: { name: 'ledger', version: 1 } }));
  await expect(tryMember(folder, log)).rejects.toThrow('It is of the machine ledger, and');
  rewritten((header) => ({ ...header, machine: { ...machine, version: 99 } }));
  await expect(tryMember(folder, log)).rejects.toThrow('Version 99 of the machine chat-log');
});
