import { exitCodes } from '../../../contract/src/error-codes.ts';
import { runningNats } from '../local/folder-nats.ts';
import { Workspace } from '../local/workspace.ts';
import { connect, type ClientRole, type SynodClient } from '../../../client/src/client.ts';
import { CommandError } from './command-error.ts';

/** Every member that runs answers within that time. */
export const ANSWER_MS = 1_000;

export interface SessionOptions {
  readonly cluster: string;
  readonly namespace: string;
  readonly natsUrl?: string;
  readonly natsCredentials?: string;
  readonly natsTls?: string;
  readonly natsRole: ClientRole;
  readonly output: 'text' | 'json';
}

/**
 * Runs `work` with a client of the cluster that the options, or the working folder, name.
 * @param deadlineMs of each call; without it the client's own
 */
export async function withClient<T>(
  options: SessionOptions,
  work: (client: SynodClient) => Promise<T>,
  deadlineMs?: number,
): Promise<T> {
  const natsUrl = given(options.natsUrl) ?? runningNats(new Workspace('.'));
  if (natsUrl === undefined) {
    throw new CommandError(
      'No cluster runs in this folder. Start one with "synod up", or name a NATS server with ' +
        '--nats-url.',
      exitCodes.unavailable,
    );
  }
  const { cluster, namespace, natsCredentials, natsTls, natsRole } = options;
  const client = await connect({
    ...{ natsUrl, cluster, namespace },
    natsCredentialsDir: given(natsCredentials),
    natsTlsDir: given(natsTls),
    role: natsRole,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** An empty variable counts as none. */
function given(option: string | undefined): string | undefined {
  return option === '' ? undefined : option;
}

/** Prints a result as JSON, or as `text` says. */
export function print(
  options: Pick<SessionOptions, 'output'>,
  result: unknown,
  text: () => string,
): void {
  process.stdout.write(`${options.output === 'json' ? JSON.stringify(result) : text()}\n`);
}
