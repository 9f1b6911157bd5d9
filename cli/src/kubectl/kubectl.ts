import { execFile } from 'node:child_process';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from '../commands/command-error.ts';

const REQUEST_TIMEOUT = '20s';
/** More than `REQUEST_TIMEOUT`: kubectl itself may hang, in a plugin that logs in. */
const DEADLINE_MS = 60_000;
/** Logs of a member that was told to say everything. */
const MOST_BYTES = 256 * 1024 * 1024;

/** As kubectl itself has them: which cluster of Kubernetes, whose rights, which namespace. */
export interface KubectlFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

/** The user's own kubectl, with the user's own configuration and rights. */
export class Kubectl {
  readonly #given: KubectlFlags;
  readonly #flags: readonly string[];

  constructor(flags: KubectlFlags) {
    this.#given = flags;
    const given = Object.entries(flags) as [string, string | undefined][];
    this.#flags = given.flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, value],
    );
  }

  /** The same, in another namespace. */
  of(namespace: string): Kubectl {
    return new Kubectl({ ...this.#given, namespace });
  }

  /**
   * What it prints.
   * @throws CommandError with kubectl's own words when it fails, or is not there
   */
  text(...args: readonly string[]): Promise<string> {
    const all = [...args, ...this.#flags, '--request-timeout', REQUEST_TIMEOUT];
    const options = { timeout: DEADLINE_MS, maxBuffer: MOST_BYTES };
    return new Promise((resolve, reject) => {
      execFile('kubectl', all, options, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        if (error.code === 'ENOENT') {
          const sentence =
            'There is no kubectl on the PATH, and this command asks it for everything.';
          return reject(new CommandError(sentence, exitCodes.unavailable));
        }
        const said = stderr.trim() || (error.killed === true ? 'it did not answer' : error.message);
        reject(new CommandError(`kubectl ${args[0] ?? ''}: ${said}`, exitCodes.failed));
      });
    });
  }

  /** @throws CommandError as `text` */
  async json(...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.text(...args, '--output', 'json')) as unknown;
  }
}
