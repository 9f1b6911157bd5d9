import { hasRoles, parseStatus, parseWaitingStatus } from '../../contract/src/status.ts';
import { subjectsOf, subjectToken } from '../../contract/src/subjects.ts';

test('what is no status is undefined', () => {
  for (const text of ['', 'null', '[]', '{}', '{"member":1}', '{"member":"a","slotOut":0}', '{']) {
    expect(parseStatus(text)).toBeUndefined();
  }
  const told = { clusterId: 'c', members: ['a'], window: 8 };
  const lists = { configuration: 2, voters: ['a'], learners: ['b'], unheard: ['b'] };
  for (const firstConfiguration of [null, told]) {
    const said = { name: 'n0', member: 'a', slotOut: 3, floor: 1, ...lists, alarms: ['Full.'] };
    const status = {
      namespace: 'n',
      machineVersion: 1,
      newestMachineVersion: 2,
      ...said,
      alarmCodes: ['disk-full'],
      haltedBy: 'twin',
      firstConfiguration,
      incoming: { from: 'b', bytes: 7 },
      snapshot: { slot: 3, hash: 'a'.repeat(64), machine: { name: 'counter', version: 1 } },
    };
    expect(parseStatus(JSON.stringify(status))).toEqual(status);
    const wrong = { ...status, firstConfiguration: { clusterId: 'c' } };
    expect(parseStatus(JSON.stringify(wrong))).toBeUndefined();
    expect(parseStatus(JSON.stringify({ ...status, alarmCodes: 7 }))).toBeUndefined();
    expect(parseStatus(JSON.stringify({ ...status, snapshot: { slot: 3 } }))).toBeUndefined();
  }
});

test('what a member of an older version does not say has its first value', () => {
  const least = { name: 'n0', member: 'a', slotOut: 3, voters: ['a'], alarms: [] };
  const status = { ...least, firstConfiguration: null };
  const none = { learners: [], unheard: [], incoming: null, snapshot: null };
  const versions = { machineVersion: 0, newestMachineVersion: 0 };
  const unsaid = {
    namespace: '',
    configuration: 0,
    floor: 0,
    haltedBy: null,
    alarmCodes: [],
    ...none,
    ...versions,
  };
  expect(parseStatus(JSON.stringify(status))).toEqual({ ...status, ...unsaid });
});

test('who waits for its data folder is no member, and says what it waits for', () => {
  const waits = {
    cluster: 'c',
    namespace: 'n',
    name: 'c-0',
    role: 'waiting',
    alarms: ['It is held.'],
  };
  const text = JSON.stringify({ ...waits, version: '1' });
  expect(parseStatus(text)).toBeUndefined();
  expect(parseWaitingStatus(text)).toEqual(waits);
  for (const wrong of [{ role: 'leader' }, { alarms: [1] }, { alarms: 'x' }, { name: 7 }]) {
    expect(parseWaitingStatus(JSON.stringify({ ...waits, ...wrong }))).toBeUndefined();
  }
});

test('who is damaged, has halted or was not told its cluster takes no part', () => {
  const idle = ['unformed', 'damaged', 'halted'] as const;
  expect(idle.filter(hasRoles)).toEqual([]);
  expect((['outsider', 'learner', 'follower', 'leader'] as const).every(hasRoles)).toBe(true);
});

test('subjects of two clusters or namespaces never meet', () => {
  const all = ['local', 'other'].flatMap((namespace) =>
    ['one', 'two'].flatMap((name) => {
      const subjects = subjectsOf(namespace, name);
      const { members, request, status, transfer, membership, witness } = subjects;
      const direct = ['a', 'b'].flatMap((id) => [
        ...[subjects.member(id), subjects.form(id), subjects.evidence(id)],
      ]);
      return [members, request, status, transfer, membership, witness, ...direct];
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
