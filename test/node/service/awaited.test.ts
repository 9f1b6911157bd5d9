import { Awaited } from '../../../node/src/service/awaited.ts';

const LONG = 60_000;

test('what is so already is not waited for', async () => {
  expect(await new Awaited().until(() => true, LONG)).toBe(true);
});

test('what comes to be so is seen after the turn that made it so, each for itself', async () => {
  const awaited = new Awaited();
  let slots = 0;
  const seen: number[] = [];
  const waits = [2, 1, 3].map(async (slot) => {
    expect(await awaited.until(() => slots >= slot, LONG)).toBe(true);
    seen.push(slot);
  });
  for (slots = 1; slots <= 3; slots++) {
    awaited.look();
    await Promise.resolve();
    await Promise.resolve();
  }
  await Promise.all(waits);
  expect(seen).toEqual([1, 2, 3]);
});

test('a wait ends in time, and when the member stops', async () => {
  const awaited = new Awaited();
  expect(await awaited.until(() => false, 1)).toBe(false);
  const waiting = awaited.until(() => false, LONG);
  awaited.stop();
  expect(await waiting).toBe(false);
  expect(await awaited.until(() => false, LONG)).toBe(false);
});
