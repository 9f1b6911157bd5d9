import {
  encodeFirstConfiguration,
  isSameFirstConfiguration,
  parseFirstConfiguration,
} from '../../contract/src/first-configuration.ts';
import { commonMachine } from '../../contract/src/machine-version.ts';

const first = { clusterId: 'c', members: ['a'], window: 8 };
const machine = { name: 'counter', version: 2 };

test('a first configuration that names the machine is parsed as it was', () => {
  expect(parseFirstConfiguration(encodeFirstConfiguration({ ...first, machine }))).toEqual({
    ...first,
    machine,
  });
  expect(parseFirstConfiguration(encodeFirstConfiguration(first))).toEqual(first);
});

test('the machine is part of what the checksum covers', () => {
  const text = encodeFirstConfiguration({ ...first, machine });
  expect(parseFirstConfiguration(text.replace('counter', 'counted'))).toBeUndefined();
  expect(parseFirstConfiguration(text.replace('"version": 2', '"version": 3'))).toBeUndefined();
});

test.each([
  { name: 'counter', version: 0 },
  { name: 'counter', version: 1.5 },
  { name: '', version: 1 },
])('a machine that is none: %j', (none) => {
  const text = encodeFirstConfiguration({ ...first, machine: none });
  expect(parseFirstConfiguration(text)).toBeUndefined();
});

test('two that differ in the machine, or in whether they name it, are not the same', () => {
  const named = { ...first, machine };
  expect(isSameFirstConfiguration(named, { ...first, machine: { ...machine } })).toBe(true);
  for (const other of [first, { ...first, machine: { ...machine, version: 1 } }]) {
    expect(isSameFirstConfiguration(named, other)).toBe(false);
  }
});

test('a cluster begins with the newest version that all of its members have', () => {
  const member = (name: string, newest: number, its = 'counter') => {
    return { name, machine: its, newestMachineVersion: newest };
  };
  expect(commonMachine([member('n0', 3), member('n1', 2)])).toEqual(machine);
  // One of an older Synod could not read a first configuration that says more than it knows.
  expect(commonMachine([member('n0', 3), member('n1', 0)])).toBeUndefined();
  expect(commonMachine([])).toBeUndefined();
  expect(commonMachine([member('n0', 3), member('n1', 3, 'chat-log')])).toBe(
    'n0 was started with --machine counter, and n1 with --machine chat-log. ' +
      'Start all members of a cluster with the same one.',
  );
});
