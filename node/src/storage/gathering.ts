import type { Entry } from './entry.ts';
import type { OwnFacts, SharedFacts } from './facts.ts';
import type { Staging } from './state.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes all entries to a state that is made for a cluster that has not begun.
 * @throws DiskError by rejection, or what `entries` throw
 */
export async function gather(entries: Iterator<Entry>, staging: Staging): Promise<void> {
  let chunk: Entry[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    await settled((done) => staging.write(chunk, done));
    [chunk, bytes] = [[], 0];
  };
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    const [key, value] = next.value;
    // What was read lives no longer than the next read.
    chunk.push([key, value && Buffer.from(value)]);
    bytes += key.length + (value?.length ?? 0);
    if (bytes >= CHUNK_BYTES) await write();
  }
  await write();
}

/** It is whole: the next opening finds it. Its member has no log yet, and has heard nobody. */
export async function commit(staging: Staging, facts: SharedFacts): Promise<void> {
  const own: OwnFacts = { logEnd: 0, heard: {} };
  await settled((done) => staging.commit(facts, own, done));
}

function settled(work: (done: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => (error === undefined ? resolve() : reject(error)));
  });
}
