import type { Logger } from '../../../host/src/logger.ts';
import { Complaints } from '../../../node/src/service/complaints.ts';
import type { Dropped } from '../../../node/src/service/running-member.ts';

let now = 0;
let lines: object[];
let complaints: Complaints;
beforeEach(() => {
  now = 0;
  lines = [];
  const log = { warn: (line: object) => lines.push(line) } as unknown as Logger; // No more is used.
  complaints = new Complaints(log, () => now);
});

test('one line a second and reason, whoever sends and whatever is wrong', () => {
  const reasons: Dropped[] = ['malformed', 'other-cluster', 'unknown-member', 'no-reply-lane'];
  for (; now < 10_000; now += 1) {
    for (const reason of reasons) complaints.complain(reason, `number ${now}`);
  }
  expect(lines).toHaveLength(10 * reasons.length);
});

test('a line says how many of its kind came before it and have none', () => {
  for (const [at, detail] of [
    [0, 'a'],
    [1, 'b'],
    [999, 'c'],
    [1_000, 'd'],
    [2_000, 'e'],
  ] as const) {
    now = at;
    complaints.complain('garbled', detail);
  }
  expect(lines).toEqual([
    { reason: 'garbled', detail: 'a' },
    { reason: 'garbled', detail: 'd', before: 2 },
    { reason: 'garbled', detail: 'e' },
  ]);
});

test('a detail is cut: it may be as long as a message', () => {
  complaints.complain('no-reply-lane', 'x'.repeat(1_000_000));
  expect(lines).toEqual([{ reason: 'no-reply-lane', detail: 'x'.repeat(200) }]);
});
