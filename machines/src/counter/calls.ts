import { checkNumber, checkText } from '../../../contract/src/arguments.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { Answer, MachineCalls, CommandPort, ReadOptions } from '../port/calls.ts';
import { encodeCounterOperation, MOST_REGISTER_BYTES, parseCounterResult } from './operations.ts';

export interface RegisterValue {
  /** In which the add ran; of a read, the last slot that was applied. */
  readonly slot: number;
  readonly value: number;
  /** Of the register's last add among all adds, from 0; −1 without one. */
  readonly position: number;
}

/** Each call ends within the client's deadline, with its result or a `SynodError`. */
export class Counter {
  readonly #port: CommandPort;

  constructor(port: CommandPort) {
    this.#port = port;
  }

  /** Adds to a register. @returns the register after it */
  async add(register: string, delta: number): Promise<RegisterValue> {
    checkRegister(register);
    checkNumber('delta', delta);
    const add = encodeCounterOperation({ type: 'add', register, delta });
    return registerValue(await this.#port.propose([add]));
  }

  async read(register: string, options: ReadOptions = {}): Promise<RegisterValue> {
    checkRegister(register);
    const read = encodeCounterOperation({ type: 'read', register });
    return registerValue(await this.#port.read([read], options));
  }
}

/** `synod.machine(counter)`: registers to add to. */
export const counter: MachineCalls<Counter> = {
  over: (port) => new Counter(port),
};

function checkRegister(register: unknown): void {
  checkText('register', register, `a string of at most ${MOST_REGISTER_BYTES} bytes`, (text) => {
    return Buffer.byteLength(text) <= MOST_REGISTER_BYTES;
  });
}

function registerValue({ slot, results }: Answer): RegisterValue {
  const result = parseCounterResult(results[0] ?? new Uint8Array());
  if (result === undefined) throw new SynodError('INVALID_OPERATION');
  return { slot, ...result };
}
