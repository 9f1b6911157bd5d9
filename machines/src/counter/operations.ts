import { asBuffer } from '../../../contract/src/bytes.ts';

/* What clients and the counter machine say to one another. */

/** Adds `delta` to a register. An operation that ran twice adds twice: nothing is hidden. */
export interface AddToRegister {
  readonly type: 'add';
  readonly register: string;
  readonly delta: number;
}

/** Reads a register as a command in the log: linearizable. */
export interface ReadRegister {
  readonly type: 'read';
  readonly register: string;
}

export type CounterOperation = AddToRegister | ReadRegister;

/** The register after the operation, and how many adds ran before the last one to it. */
export interface CounterResult {
  readonly value: number;
  /** Position of the register's last add among all adds of the machine, from 0; −1 without one. */
  readonly position: number;
}

/* Not those of the chat log: what is meant for the other machine is refused. */
const ADD = 2;
const READ = 3;

/** Of its name: as long as a length in one byte says. */
export const MOST_REGISTER_BYTES = 255;

/**
 * @param padTo pads the operation with zeros to this many bytes, for benchmarks
 * Layout: kind u8 (2: add, 3: read) | delta f64 | register length u8 | register | padding
 */
export function encodeCounterOperation(operation: CounterOperation, padTo = 0): Uint8Array {
  const length = Buffer.byteLength(operation.register);
  if (length > MOST_REGISTER_BYTES) {
    throw new RangeError(`a register name takes at most ${MOST_REGISTER_BYTES} bytes`);
  }
  const bytes = Buffer.alloc(Math.max(10 + length, padTo));
  bytes[0] = operation.type === 'add' ? ADD : READ;
  bytes.writeDoubleBE(operation.type === 'add' ? operation.delta : 0, 1);
  bytes[9] = length;
  bytes.write(operation.register, 10);
  return bytes;
}

/** The parts of an operation. Its register is not decoded: one character a byte. */
export interface ParsedCounterOperation {
  readonly type: CounterOperation['type'];
  readonly delta: number;
  readonly register: string;
}

/** @returns `undefined` when the bytes are no operation */
export function parseCounterOperation(bytes: Uint8Array): ParsedCounterOperation | undefined {
  const view = asBuffer(bytes);
  const length = view[9];
  const kind = view[0];
  if (length === undefined || view.length < 10 + length || (kind !== ADD && kind !== READ)) {
    return undefined;
  }
  const register = view.toString('latin1', 10, 10 + length);
  return { type: kind === ADD ? 'add' : 'read', delta: view.readDoubleBE(1), register };
}

/** Layout: value f64 | position f64. */
export function encodeCounterResult(result: CounterResult): Uint8Array {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeDoubleBE(result.value, 0);
  bytes.writeDoubleBE(result.position, 8);
  return bytes;
}

/** @returns `undefined` when the machine did not know the operation */
export function parseCounterResult(bytes: Uint8Array): CounterResult | undefined {
  if (bytes.length !== 16) return undefined;
  const view = asBuffer(bytes);
  return { value: view.readDoubleBE(0), position: view.readDoubleBE(8) };
}
