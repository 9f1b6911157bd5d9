import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeCommand } from '../../../contract/src/command.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../../machines/src/counter/operations.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { counterMachine } from '../../../machines/src/counter/machine.ts';
import { openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { readFirstConfiguration } from '../../../node/src/storage/first-configuration-file.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';

/* A data folder as an earlier version left it. The files here never change. */

const FIXTURES = 'test/node/formats';
let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-formats-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function place(fixture: string, name: string): void {
  fs.copyFileSync(path.join(FIXTURES, fixture), path.join(folder, name));
}

test('state format 1: tables, sessions and configurations are read', async () => {
  place('state-1.mdb', 'state.mdb');
  const ids = { clusterId: 'fixture', memberId: 'a' };
  const state = openLmdbState({ folder, ...ids, proven: ['sessions'] });
  const applier = new Applier(counterMachine, state.tables, {});
  expect(state.flushedSlotOut).toBe(1);

  const read = encodeCounterOperation({ type: 'read', register: 'r' });
  expect(parseCounterResult(applier.query(read))).toEqual({ value: 3, position: 0 });
  // Its client sends the command again: it has run.
  const operations = [encodeCounterOperation({ type: 'add', register: 'r', delta: 3 })];
  const command = { client: 'ab'.repeat(16), number: 1, lowest: 1, operations };
  expect(applier.apply(1, [encodeCommand(command)])).toMatchObject([{ duplicate: true }]);

  expect(state.facts.configurations).toEqual([
    { number: 1, from: 16, voters: ['a', 'b'], learners: ['c'], window: 16 },
  ]);
  // It is of the present format from now on.
  await state.close();
  const again = openLmdbState({ folder, ...ids, proven: ['sessions'] });
  expect(again.facts).toEqual(state.facts);
  for (let slice = 0; slice < 3; slice++) again.scrub();
  expect(
    again.tables.get('sessions', Buffer.from('ab'.repeat(16), 'hex').toString('latin1')),
  ).toBeDefined();
  await again.close();
});

test('the first configuration is read, and written as it was', () => {
  place('first-configuration-1.json', 'first-configuration.json');
  expect(readFirstConfiguration(folder, false)).toEqual({
    clusterId: 'fixture',
    members: ['a', 'b', 'c'],
    window: 16,
  });
});

test('identity format 2 is read', () => {
  place('identity-2.json', 'identity.json');
  const opened = openDataFolder(folder, { cluster: 'local/fixture' });
  expect(opened.memberId).toBe('0123456789abcdef');
});
