import { setTimeout as sleep } from 'node:timers/promises';
import type { SynodClient } from '../../../client/src/client.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { counter } from '../../../machines/src/counter/calls.ts';
import type { Call, History } from './history.ts';

const REGISTERS = 8;
const WRITERS = 48;
const READERS = 24;
/** Between two calls of one of them: some 900 calls a second, if they are answered at once. */
const PAUSE_MS = 80;

/**
 * Writers that add 1 to registers and readers of them, linearizably, all the time. Nobody sends a
 * call again whose outcome it does not know: the history has it as unknown.
 */
export class Load {
  readonly #client: SynodClient;
  readonly #history: History;
  /** What the names of its registers begin with: nobody else writes them. */
  readonly #id: string;
  readonly #workers: readonly Promise<void>[];
  #isOver = false;

  /** @param id of this load among all that the cluster ever had */
  constructor(client: SynodClient, history: History, id: string) {
    this.#client = client;
    this.#history = history;
    this.#id = id;
    const work = async (i: number, call: (register: string) => Promise<void>): Promise<void> => {
      await sleep((i * PAUSE_MS) / WRITERS); // Not all at once.
      await this.#work(this.#register(i), call);
    };
    this.#workers = [
      ...Array.from({ length: WRITERS }, (_, i) => work(i, (register) => this.#add(register))),
      ...Array.from({ length: READERS }, (_, i) => work(i, (register) => this.#read(register))),
    ];
  }

  /** Ends it once each call under way is answered or given up, and reads each register again. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
    for (let i = 0; i < REGISTERS; i++) await this.#read(this.#register(i));
  }

  #register(i: number): string {
    return `${this.#id}-${i % REGISTERS}`;
  }

  async #work(register: string, call: (register: string) => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await call(register);
      await sleep(PAUSE_MS);
    }
  }

  async #add(register: string): Promise<void> {
    const calledAt = performance.now();
    const answer = await answered(this.#client.machine(counter).add(register, 1));
    const call = { kind: 'add', register, calledAt } as const;
    const answeredAt = performance.now();
    this.#history.add(
      answer === undefined ? { ...call, answeredAt: Infinity } : { ...call, answeredAt, ...answer },
    );
  }

  async #read(register: string): Promise<void> {
    const calledAt = performance.now();
    const answer = await answered(this.#client.machine(counter).read(register));
    if (answer === undefined) return; // It had no effect.
    const { value } = answer;
    this.#history.add({ kind: 'read', register, calledAt, answeredAt: performance.now(), value });
  }
}

/** @returns the answer; `undefined` when there is none */
async function answered(
  call: Promise<{ readonly value: number; readonly position: number }>,
): Promise<Required<Pick<Call, 'value' | 'position'>> | undefined> {
  try {
    const { value, position } = await call;
    return { value, position };
  } catch (error) {
    if (error instanceof SynodError) return undefined;
    throw error;
  }
}
