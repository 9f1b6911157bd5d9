import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MachineError } from '../../../node/src/storage/machine-error.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { lmdbPlace, memoryPlace } from './state-places.ts';

/* The state names the machine that made it, and the version that applies the next slot. */

const first = { name: 'counter', version: 1 };
const counter = (newest: number) => ({ machine: { has: { ...first, version: newest }, first } });
const chatLog = { name: 'chat-log', version: 9 };

function write(state: StateStore, slotOut: number, version?: number): Promise<void> {
  const cut = state.cut(slotOut, version === undefined ? {} : { machine: { ...first, version } });
  return new Promise((resolve, reject) => {
    cut.write((error) => (error === undefined ? resolve() : reject(error)));
  });
}

function refusalOf(open: () => unknown): Pick<MachineError, 'code' | 'message'> {
  try {
    open();
  } catch (error) {
    if (error instanceof MachineError) return error;
    throw error;
  }
  throw new Error('it is not refused');
}

describe.each([
  ['LMDB', lmdbPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: ReturnType<typeof makePlace>;
  beforeEach(() => (place = makePlace()));
  afterEach(() => place.clean());

  test('a state that begins has what the cluster began with; a cut may name a later version', async () => {
    const state = place.open(counter(2));
    expect(state.facts.machine).toEqual(first);
    await write(state, 1);
    expect(state.facts.machine).toEqual(first);
    await write(state, 2, 2);
    await state.close();
    const again = place.open(counter(2));
    expect(again.facts).toMatchObject({ slotOut: 2, machine: { name: 'counter', version: 2 } });
    await again.close();
  });

  test('a state of another machine is refused, before anything was applied, too', async () => {
    await place.open(counter(1)).close();
    const opening = { machine: { has: chatLog, first: chatLog } };
    expect(refusalOf(() => place.open(opening))).toMatchObject({
      code: 'ANOTHER_MACHINE',
      message:
        "The cluster's machine is counter, and this member was started with --machine chat-log. " +
        'Start it with --machine counter, or choose another data folder.',
    });
    const again = place.open(counter(1));
    expect(again.facts.machine).toEqual(first);
    await again.close();
  });

  test('a version that this Synod has not is refused', async () => {
    const state = place.open(counter(3));
    await write(state, 7, 3);
    await state.close();
    expect(refusalOf(() => place.open(counter(2)))).toMatchObject({
      code: 'OLD_MACHINE',
      message:
        'Version 3 of the machine counter is in force, and this member has it up to version 2. ' +
        'Start a newer Synod on this data folder.',
    });
    await place.open(counter(4)).close();
  });

  test('a state of an older Synod names no machine: it gets the first version, at once', async () => {
    const old = place.open();
    await write(old, 5);
    expect(old.facts.machine).toBeUndefined();
    await old.close();
    const named = place.open(counter(2));
    expect(named.facts).toMatchObject({ slotOut: 5, machine: first });
    await named.close(); // Nothing was applied.
    const opening = { machine: { has: chatLog, first: chatLog } };
    expect(refusalOf(() => place.open(opening)).code).toBe('ANOTHER_MACHINE');
  });
});

test('what is refused is not changed', async () => {
  const place = lmdbPlace();
  const state = place.open(counter(1));
  await write(state, 3);
  await state.close();
  const bytes = (): Buffer => readFileSync(path.join(place.folder, 'state.mdb'));
  const before = bytes();
  refusalOf(() => place.open({ machine: { has: chatLog, first: chatLog } }));
  expect(bytes().equals(before)).toBe(true);
  place.clean();
});
