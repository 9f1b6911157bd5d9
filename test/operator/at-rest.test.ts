import { parseStatus, type MemberStatus } from '../../contract/src/status.ts';
import { AtRest } from '../../operator/src/at-rest.ts';
import { gistOf } from '../../operator/src/reconcile/gist.ts';
import { ManualClock } from './kube/manual-clock.ts';

const KEY = 'n/c';
const said = { name: 'c-0', member: 'a', role: 'leader', slotOut: 0, voters: ['a'], alarms: [] };
const statuses = [parseStatus(JSON.stringify({ ...said, firstConfiguration: null }))!];
const rest = { gist: gistOf(statuses), members: 1 };

let glances: number;
let answer: MemberStatus[] | undefined;
let clock: ManualClock;
let atRest: AtRest;

beforeEach(() => {
  glances = 0;
  answer = statuses;
  clock = new ManualClock();
  atRest = new AtRest(() => {
    glances += 1;
    return Promise.resolve(answer);
  }, clock);
});

test('what was never looked at is not at rest, and nobody is asked', async () => {
  expect(await atRest.holds(KEY)).toBe(false);
  expect(glances).toBe(0);
});

test('it rests while the members say the same, and no object changes', async () => {
  atRest.note(KEY, rest);
  expect(await atRest.holds(KEY)).toBe(true);
  expect(await atRest.holds(KEY)).toBe(true);
  expect(glances).toBe(2);
});

test('it does not when an object changed, though that was while it was looked at', async () => {
  atRest.changed(KEY);
  atRest.note(KEY, rest);
  expect(await atRest.holds(KEY)).toBe(false);
});

test.each([
  ['say something else', [{ ...statuses[0]!, ready: true }]],
  ['have not heard one of them', [{ ...statuses[0]!, unheard: ['b'] }]],
  ['say nothing', []],
  ['cannot be asked', undefined],
])('it does not when the members %s', async (_, otherAnswer) => {
  atRest.note(KEY, rest);
  answer = otherAnswer;
  expect(await atRest.holds(KEY)).toBe(false);
  answer = statuses;
  // Until the next look.
  expect(await atRest.holds(KEY)).toBe(false);
});

test('it does not for ever', async () => {
  atRest.note(KEY, rest);
  clock.skip(9 * 60_000);
  expect(await atRest.holds(KEY)).toBe(true);
  clock.skip(2 * 60_000);
  expect(await atRest.holds(KEY)).toBe(false);
});
