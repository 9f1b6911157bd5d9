import { exitCodes } from '../../../contract/src/error-codes.ts';
import { runningNats } from '../local/folder-nats.ts';
import { Workspace } from '../local/workspace.ts';
import { connect, type SynodClient } from '../sdk/client.ts';
import { CommandError } from './command-error.ts';

/** Every member that runs answers within that time. */
export const ANSWER_MS = 1_000;

export interface SessionOptions {
  readonly cluster: string;
  readonly natsUrl?: string;
  readonly output: 'text' | 'json';
}

/**
 * Runs `work` with a client of the cluster that the options, or the working folder, name.
 * @param deadlineMs of each call; without it the client's own
 */
export async function withClient(
  options: SessionOptions,
  work: (client: SynodClient) => Promise<void>,
  deadlineMs?: number,
): Promise<void> {
  const named = options.natsUrl === '' ? undefined : options.natsUrl;
  const natsUrl = named ?? runningNats(new Workspace('.'));
  if (natsUrl === undefined) {
    throw new CommandError(
      'No cluster runs in this folder. Start one with "synod up", or name a NATS server with ' +
        '--nats-url.',
      exitCodes.unavailable,
    );
  }
  const { cluster } = options;
  const deadline = deadlineMs === undefined ? {} : { deadlineMs };
  const client = await connect({ natsUrl, cluster, ...deadline });
  try {
    await work(client);
  } finally {
    await client.close();
  }
}

/** Prints a result as JSON, or as `text` says. */
export function print(options: SessionOptions, result: unknown, text: () => string): void {
  process.stdout.write(`${options.output === 'json' ? JSON.stringify(result) : text()}\n`);
}
