import { spawn } from 'node:child_process';
import { CommandError, run, type CommandOptions } from './command.ts';

/** The administrator's kubectl. */
export class Kubectl {
  readonly #program: string;
  readonly #access: readonly string[];

  /** @param access arguments that say which cluster is meant */
  constructor(program: string, access: readonly string[]) {
    this.#program = program;
    this.#access = access;
  }

  run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.#program, [...this.#access, ...args], options);
  }

  /** Starts what goes on running. */
  start(args: readonly string[]) {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return spawn(this.#program, [...this.#access, ...args], { stdio });
  }

  /** Applies objects; what is there already is brought up to date. */
  async apply(objects: readonly object[]): Promise<void> {
    const items = { apiVersion: 'v1', kind: 'List', items: objects };
    const how = ['--server-side', '--force-conflicts', '--validate=ignore', '--filename', '-'];
    await this.run(['apply', ...how], { input: JSON.stringify(items) });
  }

  /** Reads as JSON: an object, or a list of them. */
  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run(['get', '--output', 'json', ...args])) as T;
  }

  /** Whether the API server says that it is ready. */
  async isReady(): Promise<boolean> {
    try {
      const answer = await this.run(['get', '--raw', '/readyz'], { deadlineMs: 5000 });
      return answer.trim() === 'ok';
    } catch (error) {
      if (error instanceof CommandError) return false;
      throw error;
    }
  }
}
