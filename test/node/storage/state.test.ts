import fc from 'fast-check';
import { MAX_KEY_BYTES } from '../../../contract/src/snapshot-file.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { lmdbPlace, memoryPlace, type StatePlace } from './state-places.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

function write(state: StateStore, slotOut: number): Promise<void> {
  const cut = state.cut(slotOut);
  return new Promise((resolve, reject) => {
    cut.write((error) => (error === undefined ? resolve() : reject(error)));
  });
}

function range(state: StateStore, ...args: Parameters<StateStore['tables']['range']>): string[] {
  return [...state.tables.range(...args)].map(([key, value]) => `${key}=${text(value) ?? ''}`);
}

describe.each([
  ['LMDB', lmdbPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: StatePlace;
  let state: StateStore;
  beforeEach(() => {
    place = makePlace();
    state = place.open();
  });
  afterEach(async () => {
    await state.close();
    place.clean();
  });

  async function reopen(): Promise<void> {
    await state.close();
    state = place.open();
  }

  test('a new state is empty, at slot 0', () => {
    expect(state.flushedSlotOut).toBe(0);
    expect(state.tables.get('t', 'k')).toBeUndefined();
    expect(range(state, 't')).toEqual([]);
  });

  test('what was put is read at once, and after a cut in another process', async () => {
    state.tables.put('t', 'k', bytes('v'));
    expect(text(state.tables.get('t', 'k'))).toBe('v');
    expect(state.tables.get('other', 'k')).toBeUndefined();
    await write(state, 7);
    await reopen();
    expect(text(state.tables.get('t', 'k'))).toBe('v');
    expect(state.flushedSlotOut).toBe(7);
  });

  test('what no cut holds is gone with the process, and so is its slot_out', async () => {
    state.tables.put('t', 'k', bytes('old'));
    await write(state, 1);
    state.tables.put('t', 'k', bytes('new'));
    state.cut(2);
    await reopen();
    expect(text(state.tables.get('t', 'k'))).toBe('old');
    expect(state.flushedSlotOut).toBe(1);
  });

  test('a cut holds what was written before it, and nothing of later', async () => {
    state.tables.put('t', 'k', bytes('before'));
    const cut = state.cut(1);
    state.tables.put('t', 'k', bytes('after'));
    state.tables.put('t', 'l', bytes('after'));
    expect(text(state.tables.get('t', 'k'))).toBe('after');
    await new Promise<void>((resolve) => cut.write(() => resolve()));
    expect(text(state.tables.get('t', 'k'))).toBe('after');
    await reopen();
    expect(range(state, 't')).toEqual(['k=before']);
  });

  test('a deleted key is gone, in the overlay, while its cut is written, and on disk', async () => {
    state.tables.put('t', 'k', bytes('v'));
    await write(state, 1);
    state.tables.delete('t', 'k');
    expect(state.tables.get('t', 'k')).toBeUndefined();
    const cut = state.cut(2);
    expect(state.tables.get('t', 'k')).toBeUndefined();
    expect(range(state, 't')).toEqual([]);
    await new Promise<void>((resolve) => cut.write(() => resolve()));
    await reopen();
    expect(state.tables.get('t', 'k')).toBeUndefined();
  });

  test('cuts are written in their order, and each is read until it is on disk', async () => {
    state.tables.put('t', 'k', bytes('one'));
    const first = state.cut(1);
    state.tables.put('t', 'k', bytes('two'));
    state.tables.put('t', 'l', bytes('two'));
    const second = state.cut(2);
    state.tables.put('t', 'k', bytes('three'));
    expect(() => second.write(() => undefined)).toThrow('not written yet');
    expect(range(state, 't')).toEqual(['k=three', 'l=two']);
    await new Promise<void>((resolve) => first.write(() => resolve()));
    expect(range(state, 't')).toEqual(['k=three', 'l=two']);
    await new Promise<void>((resolve) => second.write(() => resolve()));
    expect(state.flushedSlotOut).toBe(2);
    expect(range(state, 't')).toEqual(['k=three', 'l=two']);
    await reopen();
    expect(range(state, 't')).toEqual(['k=two', 'l=two']);
  });

  test('overlayBytes grows with what is written, and begins anew with a cut', async () => {
    state.tables.put('t', 'key', bytes('value'));
    expect(state.overlayBytes).toBe(8);
    await write(state, 1);
    expect(state.overlayBytes).toBe(0);
  });

  test('unwrittenBytes counts what no file has yet, cuts on their way included', async () => {
    state.tables.put('t', 'key', bytes('value'));
    const first = state.cut(1);
    state.tables.put('t', 'k', bytes('v'));
    expect(state.unwrittenBytes).toBe(10);
    const second = state.cut(2);
    expect(state.unwrittenBytes).toBe(10);
    await new Promise<void>((resolve) => first.write(() => resolve()));
    expect(state.unwrittenBytes).toBe(2);
    await new Promise<void>((resolve) => second.write(() => resolve()));
    expect(state.unwrittenBytes).toBe(0);
  });

  test('usedBytes grows with what is written, and what is deleted is free for what comes', async () => {
    const empty = state.usedBytes;
    const keys = Array.from({ length: 500 }, (_, i) => `k${i}`);
    for (const key of keys) state.tables.put('t', key, new Uint8Array(100));
    await write(state, 1);
    const full = state.usedBytes;
    expect(full).toBeGreaterThan(empty + 50_000);
    expect(full).toBeLessThan(empty + 200_000);
    for (const key of keys) state.tables.delete('t', key);
    await write(state, 2);
    expect(state.usedBytes).toBeLessThan(empty + 10_000);
    await reopen();
    expect(state.usedBytes).toBeLessThan(empty + 10_000);
  });

  test('keys are as long as a snapshot takes them, and differ in their last byte', async () => {
    const longest = '\xff'.repeat(MAX_KEY_BYTES - 't'.length - 1);
    for (const last of ['a', 'b']) state.tables.put('t', longest + last, bytes(last));
    await write(state, 1);
    await reopen();
    expect(text(state.tables.get('t', `${longest}b`))).toBe('b');
    expect(range(state, 't', { from: `${longest}b` })).toEqual([`${longest}b=b`]);
    expect(range(state, 't').length).toBe(2);
    state.tables.delete('t', `${longest}a`);
    expect(range(state, 't')).toEqual([`${longest}b=b`]);
  });

  test('a range is ordered by bytes, from inclusive, to exclusive, both ways, up to a limit', async () => {
    for (const key of ['b', 'a', 'é', 'ab', '']) state.tables.put('t', key, bytes(key));
    await write(state, 1);
    state.tables.put('t', 'aa', bytes('aa'));
    state.tables.put('u', 'a', bytes('other table'));
    expect(range(state, 't').map((entry) => entry.split('=')[0])).toEqual([
      '',
      'a',
      'aa',
      'ab',
      'b',
      'é',
    ]);
    expect(range(state, 't', { from: 'aa', to: 'b' })).toEqual(['aa=aa', 'ab=ab']);
    expect(range(state, 't', { reverse: true, limit: 2 })).toEqual(['é=é', 'b=b']);
    expect(range(state, 't', { from: 'a', to: 'b', reverse: true })).toEqual([
      'ab=ab',
      'aa=aa',
      'a=a',
    ]);
    expect(range(state, 't', { limit: 0 })).toEqual([]);
  });

  test('whatever is put, deleted and cut, it holds what a map would', async () => {
    const key = fc.constantFrom('a', 'b', 'ab', 'c\0', 'ÿ');
    const step = fc.oneof(
      fc.record({ put: key, value: fc.string() }),
      fc.record({ remove: key }),
      fc.constant({ cut: true }),
    );
    let slot = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const model = new Map<string, string>();
        for (const [existing] of [...state.tables.range('t')]) state.tables.delete('t', existing);
        for (const each of steps) {
          if ('put' in each) {
            state.tables.put('t', each.put, bytes(each.value));
            model.set(each.put, text(bytes(each.value)) ?? '');
          } else if ('remove' in each) {
            state.tables.delete('t', each.remove);
            model.delete(each.remove);
          } else await write(state, ++slot);
        }
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(range(state, 't')).toEqual(expected.map(([k, v]) => `${k}=${v}`));
        expect(range(state, 't', { reverse: true })).toEqual(
          expected.map(([k, v]) => `${k}=${v}`).reverse(),
        );
      }),
      { seed: 3, numRuns: 40 },
    );
  });
});
