import { CommandError, run, type CommandOptions } from './command.ts';

/** The administrator's kubectl. */
export class Kubectl {
  readonly #program: string;
  readonly #kubeconfig: string;

  constructor(program: string, kubeconfig: string) {
    this.#program = program;
    this.#kubeconfig = kubeconfig;
  }

  run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.#program, ['--kubeconfig', this.#kubeconfig, ...args], options);
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
