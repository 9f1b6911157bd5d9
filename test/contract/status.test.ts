import { parseStatus } from '../../contract/src/status.ts';
import { subjectsOf, subjectToken } from '../../contract/src/subjects.ts';

test('what is no status is undefined', () => {
  for (const text of ['', 'null', '[]', '{}', '{"member":1}', '{"member":"a","slotOut":0}', '{']) {
    expect(parseStatus(text)).toBeUndefined();
  }
  const least = { member: 'a', slotOut: 3, voters: ['a'], alarms: [] };
  expect(parseStatus(JSON.stringify(least))).toMatchObject(least);
  const said = { ...least, configuration: 2, learners: ['b'], floor: 1 };
  expect(parseStatus(JSON.stringify(said))).toEqual(said);
});

test('what a member of an older version does not say has its first value', () => {
  const least = { member: 'a', slotOut: 3, voters: ['a'], alarms: [] };
  const unsaid = { configuration: 0, learners: [], floor: 0 };
  expect(parseStatus(JSON.stringify(least))).toEqual({ ...least, ...unsaid });
});

test('subjects of two clusters or namespaces never meet', () => {
  const all = ['local', 'other'].flatMap((namespace) =>
    ['one', 'two'].flatMap((name) => {
      const subjects = subjectsOf(namespace, name);
      const { members, request, status, transfer, membership } = subjects;
      const admin = [status, transfer, membership];
      return [members, request, ...admin, subjects.member('a'), subjects.member('b')];
    }),
  );
  expect(new Set(all).size).toBe(all.length);
});

test('what stands between the dots of a subject has no dots and no wildcards', () => {
  for (const wrong of ['', 'a.b', '*', '>', 'a b', 'ü', 'x'.repeat(65)]) {
    expect(wrong).not.toMatch(subjectToken);
  }
  expect('synod-0_A').toMatch(subjectToken);
});
