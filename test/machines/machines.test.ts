import { machines } from '../../machines/src/machines.ts';
import { machineNames } from '../../machines/src/names.ts';
import type { StateMachine } from '../../machines/src/port/state-machine.ts';
import type { Tables } from '../../machines/src/port/tables.ts';
import { MemoryFile, MemoryStateDisk } from '../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../node/src/storage/memory-state.ts';

const BYTES = 256;

function newTables(): Tables {
  const ids = { clusterId: 'local/test', memberId: 'a' };
  return openMemoryState(new MemoryFile(new MemoryStateDisk(), (run) => run()), ids).tables;
}

/** What a machine has in its tables. */
function contentOf({ tables: names }: StateMachine, tables: Tables): unknown {
  return names.map((name) => [...tables.range(name)]);
}

test.each(machineNames)('%s is registered under the name that its data has', (name) => {
  expect(machines[name].stateMachine.name).toBe(name);
});

const others = machineNames.flatMap((one) =>
  machineNames.filter((other) => other !== one).map((other) => [one, other] as const),
);

test.each(others)('an operation of %s means nothing to %s', (one, other) => {
  const { stateMachine } = machines[other];
  const { writes, reads } = machines[one].loads;
  const tables = newTables();
  const empty = contentOf(stateMachine, tables);
  for (const load of [writes(BYTES), ...(reads === undefined ? [] : [reads()])]) {
    const operation = load(0);
    expect([stateMachine.isRead(operation), stateMachine.grows(operation)]).toEqual([false, false]);
    stateMachine.apply(tables, operation, { slot: 0, version: stateMachine.version });
    stateMachine.query(tables, operation);
  }
  expect(contentOf(stateMachine, tables)).toEqual(empty);
});

test.each(machineNames)(
  'each write of the loads of %s has its size, and changes the tables, whichever load it is of',
  (name) => {
    const { stateMachine, loads } = machines[name];
    const tables = newTables();
    for (const load of [loads.writes(BYTES), loads.writes(BYTES)]) {
      for (const client of [0, 1, 1]) {
        const before = contentOf(stateMachine, tables);
        const operation = load(client);
        expect(operation.length).toBe(BYTES);
        expect(stateMachine.grows(operation)).toBe(true);
        stateMachine.apply(tables, operation, { slot: 0, version: stateMachine.version });
        expect(contentOf(stateMachine, tables)).not.toEqual(before);
      }
    }
    const reads = loads.reads?.();
    if (reads !== undefined) expect(stateMachine.isRead(reads(0))).toBe(true);
  },
);
