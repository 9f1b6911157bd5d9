import { exitCodes } from '../../../contract/src/error-codes.ts';
import { runningNats } from '../local/folder-nats.ts';
import { Workspace } from '../local/workspace.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import type { ClientRole } from '../../../contract/src/roles.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { CommandError } from './command-error.ts';

/** Every member that runs answers within that time. */
export const ANSWER_MS = 1_000;
/** A cluster of which nobody answers in that time is not there. */
const ABSENT_MS = 2_000;
/** After that it is said what is waited for. */
const PATIENCE_MS = 1_500;

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
 * @throws SynodError `NO_CLUSTER` before anything else, when no member of it answers
 */
export async function withClient<T>(
  options: SessionOptions,
  work: (client: SynodClient) => Promise<T>,
  deadlineMs?: number,
): Promise<T> {
  const answered = async (client: SynodClient): Promise<T> => {
    await mustAnswer(client, options);
    return work(client);
  };
  return withAnyClient(options, answered, deadlineMs);
}

async function mustAnswer(client: SynodClient, options: SessionOptions): Promise<void> {
  try {
    const found = await client.admin.status({ waitMs: ABSENT_MS, expect: 1 });
    if (found.length === 0) throw absent(options);
  } catch (error) {
    // Who may not ask for it may do what is to be done all the same.
    if (!(error instanceof SynodError && error.code === 'NOT_ALLOWED')) throw error;
  }
}

/** No member of the cluster answers. */
export function absent({ cluster, namespace }: SessionOptions): SynodError {
  return new SynodError('NO_CLUSTER', { detail: `cluster ${cluster}, namespace ${namespace}` });
}

/** The same, also where no member answers. */
export async function withAnyClient<T>(
  options: SessionOptions,
  work: (client: SynodClient) => Promise<T>,
  deadlineMs?: number,
): Promise<T> {
  const natsUrl = given(options.natsUrl) ?? runningNats(new Workspace('.'));
  if (natsUrl === undefined) throw noneHere();
  const { cluster, namespace, natsCredentials, natsTls, natsRole } = options;
  const waiting = setTimeout(() => {
    if (options.output === 'text') process.stderr.write(`Waiting for NATS at ${natsUrl}.\n`);
  }, PATIENCE_MS);
  const client = await connect({
    ...{ natsUrl, cluster, namespace },
    natsCredentialsDir: given(natsCredentials),
    natsTlsDir: given(natsTls),
    role: natsRole,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  }).finally(() => clearTimeout(waiting));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** No NATS server runs that was started from this folder, and none is named. */
function noneHere(): CommandError {
  return new CommandError(
    'No cluster runs in this folder. Start one with "synod up", or name a NATS server with ' +
      '--nats-url.',
    exitCodes.unavailable,
    'NO_CLUSTER',
  );
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
