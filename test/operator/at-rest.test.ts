import { parseStatus, type MemberStatus } from '../../contract/src/status.ts';
import { AtRest } from '../../operator/src/at-rest.ts';
import { gistOf } from '../../operator/src/observation/gist.ts';
import type { ReconcileResult } from '../../operator/src/ports.ts';
import { ManualClock } from './kube/manual-clock.ts';

const KEY = 'n/c';
const said = { name: 'c-0', member: 'a', role: 'leader', slotOut: 0, voters: ['a'], alarms: [] };
const statuses = [parseStatus(JSON.stringify({ ...said, firstConfiguration: null }))!];
const rest = { gist: gistOf(statuses), members: 1 };

let glances: number;
let looks: number;
/** What a look finds. */
let found: ReconcileResult;
let answer: MemberStatus[] | undefined;
let clock: ManualClock;
let atRest: AtRest;

beforeEach(() => {
  glances = 0;
  looks = 0;
  found = { againAfterMs: 60_000, rest };
  answer = statuses;
  clock = new ManualClock();
  atRest = new AtRest({
    look: () => {
      looks += 1;
      return Promise.resolve(found);
    },
    glance: () => {
      glances += 1;
      return Promise.resolve(answer);
    },
    clock,
  });
});

test('what was never looked at is not at rest, and nobody is asked', async () => {
  expect(await atRest.look(KEY)).toBe(found);
  expect([looks, glances]).toEqual([1, 0]);
});

test('nor is it while a look finds something to do', async () => {
  found = { againAfterMs: 100 };
  await atRest.look(KEY);
  expect(await atRest.look(KEY)).toBe(found);
  expect([looks, glances]).toEqual([2, 0]);
});

test('it rests while the members say the same, and no object changes', async () => {
  await atRest.look(KEY);
  expect(await atRest.look(KEY)).toEqual({});
  expect(await atRest.look(KEY)).toEqual({});
  expect([looks, glances]).toEqual([1, 2]);
});

test('it does not when an object changed', async () => {
  await atRest.look(KEY);
  atRest.changed(KEY);
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 0]);
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 1]);
});

test('it does not when an object changed while it was looked at', async () => {
  const looking = atRest.look(KEY);
  atRest.changed(KEY);
  await looking;
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 0]);
});

test('it does not when an object changed while the members were asked', async () => {
  await atRest.look(KEY);
  const glancing = atRest.look(KEY);
  atRest.changed(KEY);
  await glancing;
  expect(looks).toBe(1);
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 1]);
});

test('a cluster of the same name is another one', async () => {
  await atRest.look(KEY);
  atRest.forget(KEY);
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 0]);
});

test.each([
  ['say something else', [{ ...statuses[0]!, ready: true }]],
  ['have not heard one of them', [{ ...statuses[0]!, unheard: ['b'] }]],
  ['say nothing', []],
  ['cannot be asked', undefined],
])('it does not when the members %s', async (_, otherAnswer) => {
  await atRest.look(KEY);
  answer = otherAnswer;
  found = {};
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([2, 1]);
  answer = statuses;
  // Until a look finds nothing to do.
  await atRest.look(KEY);
  expect([looks, glances]).toEqual([3, 1]);
});

test('it does not for ever', async () => {
  await atRest.look(KEY);
  clock.skip(9 * 60_000);
  await atRest.look(KEY);
  expect(looks).toBe(1);
  clock.skip(2 * 60_000);
  await atRest.look(KEY);
  expect(looks).toBe(2);
});
