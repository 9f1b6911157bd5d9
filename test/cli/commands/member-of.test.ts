import { knownMemberOf, memberOf } from '../../../cli/src/commands/member-of.ts';
import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';

const voters = ['aa11bb22cc33dd44', 'aa99bb22cc33dd44', '5555bb22cc33dd44'];

function status(name: string, member: string): MemberStatus {
  const lists = { voters, learners: ['7777bb22cc33dd44'] };
  const said = { name, member, slotOut: 7, ...lists, alarms: [], firstConfiguration: null };
  const parsed = parseStatus(JSON.stringify(said));
  if (parsed === undefined) throw new Error('it is no status');
  return parsed;
}

const members = [
  status('n0', 'aa11bb22cc33dd44'),
  status('n1', '0123456789abcdef'),
  status('n2', 'aa99bb22cc33dd44'),
];

test.each([
  ['a name', 'n2', 'aa99bb22cc33dd44'],
  ['an id', '0123456789abcdef', '0123456789abcdef'],
  ['how the id of a silent voter begins', '5555', '5555bb22cc33dd44'],
  ['how the id of a silent learner begins', '7777', '7777bb22cc33dd44'],
  ['nobody, for the cluster to judge', 'nobody', 'nobody'],
])('%s', (_, given, id) => {
  expect(memberOf(given, members)).toBe(id);
});

test('what may mean two members is refused', () => {
  expect(() => memberOf('aa', members)).toThrow('aa may mean aa11bb22cc33dd44, aa99bb22cc33dd44.');
});

test('of one that is to be there, nobody is refused, with the names that there are', () => {
  expect(knownMemberOf('n2', members)).toBe('aa99bb22cc33dd44');
  expect(knownMemberOf('7777', members)).toBe('7777bb22cc33dd44');
  expect(() => knownMemberOf('n9', members)).toThrow('(n9; those that answer: n0, n1, n2)');
});
