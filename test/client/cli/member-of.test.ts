import { memberOf } from '../../../client/src/cli/member-of.ts';
import { statusTable } from '../../../client/src/cli/status.ts';
import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';

const voters = ['aa11bb22cc33dd44', 'aa99bb22cc33dd44', '5555bb22cc33dd44'];

function status(name: string, member: string, role: string): MemberStatus {
  const sizes = { logBytes: 0, stateBytes: 0, operationsApplied: 0 };
  const said = { name, member, role, slotOut: 7, voters, alarms: [], ballot: `3.${voters[0]}` };
  const parsed = parseStatus(JSON.stringify({ ...said, ...sizes, firstConfiguration: null }));
  if (parsed === undefined) throw new Error('it is no status');
  return parsed;
}

const members = [
  status('n0', 'aa11bb22cc33dd44', 'leader'),
  status('n1', '0123456789abcdef', 'outsider'),
  status('n2', 'aa99bb22cc33dd44', 'follower'),
];

test.each([
  ['a name', 'n2', 'aa99bb22cc33dd44'],
  ['an id', '0123456789abcdef', '0123456789abcdef'],
  ['how the id of a silent voter begins', '5555', '5555bb22cc33dd44'],
  ['nobody, for the cluster to judge', 'nobody', 'nobody'],
])('%s', (_, given, id) => {
  expect(memberOf(given, members)).toBe(id);
});

test('what may mean two members is refused', () => {
  expect(() => memberOf('aa', members)).toThrow('aa may mean aa11bb22cc33dd44, aa99bb22cc33dd44.');
});

test('the table has names and short ids, outsiders, and voters that are silent', () => {
  const rows = statusTable(members)
    .split('\n')
    .filter((line) => line.includes('│'))
    .map((line) => line.split('│').map((cell) => cell.trim()));
  expect(rows.slice(1).map(([, name, id, role, ballot]) => [name, id, role, ballot])).toEqual([
    ['n0', 'aa11bb22', 'leader', '3.n0'],
    ['n1', '01234567', 'outsider', '3.n0'],
    ['n2', 'aa99bb22', 'follower', '3.n0'],
    ['', '5555bb22', 'no answer', ''],
  ]);
});
