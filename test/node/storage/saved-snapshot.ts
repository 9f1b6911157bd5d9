import { Session } from '../../../node/src/machine/session.ts';
import { SESSIONS } from '../../../node/src/machine/sessions.ts';
import { SnapshotBytes } from '../../../node/src/storage/snapshot-bytes.ts';
import { memoryPlace } from './state-places.ts';

export const SLOT = 9;
export const machine = { name: 'chat-log', version: 1 };
const about = {
  ...{ version: '1', namespace: 'local', cluster: 'c', clusterId: 'old' },
  ...{ member: 'a', name: 'n0', time: 'now' },
};
const CLIENT = 'k'.repeat(16);

/** The bytes of a snapshot of a state with sessions and a changed configuration. */
export async function saved(has = machine): Promise<Buffer> {
  const opening = { has, first: has };
  const state = memoryPlace().open({ clusterId: 'old', machine: opening, proven: [SESSIONS] });
  for (let i = 10; i < 40; i++) {
    state.tables.put('texts', String(i), Buffer.from(`text ${i}`));
    state.tables.put('totals', String(i), Buffer.from(`total ${i}`));
  }
  state.tables.put(SESSIONS, CLIENT, new Session().encode());
  const changed = { number: 1, from: 5, voters: ['a'], learners: [], window: 16 };
  const facts = { configurations: [changed], history: { slot: SLOT, from: 0, hash: 5n } };
  await new Promise<void>((resolve, reject) => {
    state.cut(SLOT, facts).write((error) => (error ? reject(error) : resolve()));
  });
  const snapshot = state.snapshot();
  const bytes = new SnapshotBytes(snapshot, about);
  const chunks: Buffer[] = [];
  while (!bytes.isOver) chunks.push(bytes.read(100));
  expect([bytes.entries, bytes.of]).toEqual([60, 60]);
  snapshot.close();
  return Buffer.concat(chunks);
}
