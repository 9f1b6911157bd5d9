import { exitCodes, type ErrorCode } from '../../../contract/src/error-codes.ts';
import { FolderError } from '../../../host/src/folder.ts';
import { NoNatsServerError } from '../local/nats-server.ts';
import { SynodError } from '../../../client/src/synod-error.ts';

/** A command cannot do what was asked; the message is a sentence that says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Ends the process with one sentence and the exit code that the error stands for. */
export function fail(error: unknown): never {
  process.stderr.write(`synod: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCodeOf(error));
}

const unavailable: readonly ErrorCode[] = ['UNREACHABLE', 'NOT_ADMITTED'];

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof FolderError) return exitCodes.usage;
  if (error instanceof NoNatsServerError) return exitCodes.unavailable;
  if (error instanceof SynodError && unavailable.includes(error.code)) return exitCodes.unavailable;
  return exitCodes.failed;
}
