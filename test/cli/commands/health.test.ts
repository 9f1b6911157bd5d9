import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';
import { exitCodeOf, healthOf } from '../../../cli/src/commands/health.ts';
import { statusTable } from '../../../cli/src/commands/status-table.ts';
import { isWhole, leaderOf, membersOf } from '../../../client/src/members.ts';

function statusOf(member: string, more: Partial<MemberStatus> = {}): MemberStatus {
  const lists = { configuration: 1, voters: ['a', 'b', 'c'], learners: ['d'] };
  const state = { slotOut: 7, floor: 0, alarms: [], logBytes: 0, stateBytes: 0, version: '1' };
  const role = { role: 'follower', ready: true, ballot: '1.a', leader: 'a' };
  const ids = { name: `n-${member}`, member, firstConfiguration: null };
  const text = JSON.stringify({ ...ids, ...lists, ...state, ...role, ...more });
  const status = parseStatus(text);
  if (status === undefined) throw new Error(text);
  return status;
}

const leader = statusOf('a', { role: 'leader', slotOut: 10 });
const learner = statusOf('d', { role: 'learner' });
const healthy = [leader, statusOf('b'), statusOf('c'), learner];

test.each([
  ['healthy', healthy, 'Healthy: n-a leads, 3 of 3 voters are well, 1 may fail.'],
  [
    'degraded',
    [leader, statusOf('b'), learner],
    'Degraded: n-a leads, 2 of 3 voters are well, none may fail, c does not answer.',
  ],
  [
    'degraded',
    [leader, statusOf('b', { role: 'damaged' }), statusOf('c', { alarms: ['Full.'] }), learner],
    'Degraded: n-a leads, 2 of 3 voters are well, none may fail, n-b is damaged, n-c has an alarm.',
  ],
  [
    'degraded',
    [leader, statusOf('b'), statusOf('c', { ready: false })],
    'Degraded: n-a leads, 3 of 3 voters are well, 1 may fail, n-c catches up, d does not answer.',
  ],
  [
    'degraded',
    [leader, statusOf('b'), statusOf('c', { incoming: { from: 'a', bytes: 0 } }), learner],
    'Degraded: n-a leads, 3 of 3 voters are well, 1 may fail, n-c receives a state.',
  ],
  [
    'degraded',
    [
      leader,
      statusOf('b', { alarmCodes: ['no-quorum'], alarms: ['It hears nobody.'] }),
      statusOf('c'),
    ],
    'Degraded: n-a leads, 3 of 3 voters are well, 1 may fail, n-b has an alarm, d does not answer.',
  ],
  [
    'stuck',
    [statusOf('a', { role: 'leader', alarmCodes: ['undecided'] }), statusOf('b'), statusOf('c')],
    'Stuck: n-a leads, 3 of 3 voters are well, 1 may fail, but nothing is decided.',
  ],
  [
    'no-quorum',
    [statusOf('b')],
    'No quorum: 1 of 3 voters are well, 2 are needed that hear one another, a does not answer, ' +
      'c does not answer.',
  ],
  [
    'no-quorum',
    [statusOf('b'), statusOf('c', { alarmCodes: ['no-quorum'], alarms: ['It hears nobody.'] })],
    'No quorum: 2 of 3 voters are well, 2 are needed that hear one another, a does not answer, ' +
      'n-c has an alarm.',
  ],
  [
    'no-leader',
    [statusOf('b'), statusOf('c')],
    'No leader: 2 of 3 voters are well; one of them may lead soon.',
  ],
] as const)('%s: it is said in a sentence', (state, statuses, sentence) => {
  expect(healthOf(membersOf(statuses))).toEqual({ state, sentence });
});

test('a script learns by the exit status: 0 well, 3 amiss, 4 when no command is taken', () => {
  expect(exitCodeOf).toEqual({
    healthy: 0,
    degraded: 3,
    ...{ stuck: 4, 'no-leader': 4, 'no-quorum': 4 },
  });
});

test('who votes or learns and does not answer has a row; so has an outsider that answers', () => {
  const outsider = statusOf('x', { role: 'outsider', configuration: 0, voters: ['x'] });
  const found = membersOf([leader, outsider]);
  expect(found.members.map(({ id, role }) => `${id} ${role}`)).toEqual([
    'a voter',
    'b voter',
    'c voter',
    'd learner',
    'x outsider',
  ]);
  const table = statusTable(found);
  expect(table).toMatch(/│ n-a +│ a +│ leader +│ n-a +│ 10 +│ 0 +│/);
  expect(table).toMatch(/│ n-x +│ x +│ outsider +│ n-a +│ 7 +│ 3 +│/);
  expect(table).toMatch(/│ +│ b .*│ This voter does not answer\./);
  expect(table).toMatch(/│ +│ d .*│ This learner does not answer\./);
});

test('who receives a state tells from whom, and how much of it has come', () => {
  const incoming = { from: 'a', bytes: 3.25 * 1024 * 1024 };
  const table = statusTable(membersOf([leader, statusOf('b', { incoming, alarms: ['Full.'] })]));
  expect(table).toContain('│ Full. Receives the state of n-a, 3.3 MiB so far. │');
});

test('of two leaders the one of the higher ballot counts; without any, the latest lists', () => {
  const older = statusOf('b', { role: 'leader', ballot: '9.b' });
  const newer = statusOf('c', { role: 'leader', ballot: '10.c' });
  expect(leaderOf([older, newer, leader])).toBe(newer);
  const late = statusOf('b', { configuration: 2, voters: ['b'], learners: [] });
  expect(membersOf([statusOf('c'), late]).lists.number).toBe(2);
  const untold = statusOf('x', { role: 'unformed', configuration: 0, voters: [], learners: [] });
  const first = statusOf('b', { configuration: 0, voters: ['b'], learners: [] });
  expect(membersOf([untold, first]).lists.voters).toEqual(['b']);
  expect(isWhole(healthy)).toBe(true);
  expect(isWhole([leader, learner])).toBe(false);
  expect(isWhole([late])).toBe(false);
});
