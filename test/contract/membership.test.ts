import { parseMembershipAnswer, parseMembershipRequest } from '../../contract/src/membership.ts';

const request = { step: 'add', member: 'n3', base: 2, force: false } as const;
const configuration = { number: 3, voters: ['n0', 'n1'], learners: ['n3'] };

test.each([
  '',
  'null',
  '7',
  '[]',
  '{',
  '{}',
  ...[
    { step: 'replace' },
    { step: ['add'] },
    { member: 7 },
    { member: '' },
    { member: 'a.b' },
    { member: '*' },
    { base: -1 },
    { base: 1.5 },
    { base: '2' },
    { force: 'yes' },
    { force: undefined },
  ].map((wrong) => JSON.stringify({ ...request, ...wrong })),
])('%s is no request', (text) => {
  expect(parseMembershipRequest(text)).toBeUndefined();
});

test.each([
  '',
  'null',
  '{}',
  '{"ok":true}',
  '{"ok":false}',
  '{"ok":false,"code":"NO_SUCH"}',
  '{"ok":false,"code":"toString"}',
  ...[{ number: 'x' }, { number: -1 }, { voters: 'n0' }, { voters: [7] }, { learners: null }].map(
    (wrong) => JSON.stringify({ ok: true, configuration: { ...configuration, ...wrong } }),
  ),
])('%s is no answer', (text) => {
  expect(parseMembershipAnswer(text)).toBeUndefined();
});

test('requests and answers are parsed as they were, and nothing else is taken over', () => {
  for (const step of ['add', 'promote', 'remove'] as const) {
    for (const force of [true, false]) {
      const given = { ...request, step, force };
      expect(parseMembershipRequest(JSON.stringify({ ...given, more: 1 }))).toEqual(given);
    }
  }
  const answers = [{ ok: true, configuration } as const, { ok: false, code: 'LAGS' }];
  for (const answer of answers) {
    expect(parseMembershipAnswer(JSON.stringify({ ...answer, more: 1 }))).toEqual(answer);
  }
});
