import { encodeCounterResult, parseCounterOperation, parseCounterResult } from './operations.ts';
import { StoredCount } from '../port/count.ts';
import type { StateMachine } from '../port/state-machine.ts';
import type { Bytes, Key, Tables } from '../port/tables.ts';

/** Register name to its value and the position of its last add, as the result has them. */
const REGISTERS = 'registers';
const TOTALS = 'totals';
const adds = new StoredCount(TOTALS, 'adds');

const NEVER_ADDED = encodeCounterResult({ value: 0, position: -1 });
/** No result of a known operation is empty. */
const INVALID: Bytes = new Uint8Array(0);

/**
 * Registers to add to, for tests and benchmarks. It hides nothing: a command that ran twice shows
 * in the value and in the position of every later add.
 */
export const counterMachine: StateMachine = {
  name: 'counter',
  version: 2,
  boundsSince: 2,
  tables: [REGISTERS, TOTALS],

  apply(tables, operation) {
    const parsed = parseCounterOperation(operation);
    if (parsed === undefined || parsed.register.length === 0) return INVALID;
    const register = tables.get(REGISTERS, parsed.register) ?? NEVER_ADDED;
    return parsed.type === 'read' ? register : add(tables, parsed.register, register, parsed.delta);
  },

  isRead(operation) {
    return parseCounterOperation(operation)?.type === 'read';
  },

  grows(operation) {
    return parseCounterOperation(operation)?.type === 'add';
  },

  query(tables, read) {
    const parsed = parseCounterOperation(read);
    if (parsed?.type !== 'read' || parsed.register.length === 0) return INVALID;
    return tables.get(REGISTERS, parsed.register) ?? NEVER_ADDED;
  },
};

function add(tables: Tables, key: Key, register: Bytes, delta: number): Bytes {
  const value = valueOf(register) + delta;
  // NaN has many encodings: a register that held one could differ between members.
  if (!Number.isFinite(value)) return INVALID;
  const position = adds.read(tables);
  const result = encodeCounterResult({ value, position });
  tables.put(REGISTERS, key, result);
  adds.write(tables, position + 1);
  return result;
}

/** The value of a stored register; see `encodeCounterResult`. */
function valueOf(register: Bytes): number {
  return parseCounterResult(register)?.value ?? 0;
}
