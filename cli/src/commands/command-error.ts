import { exitCodes, type ErrorCode } from '../../../contract/src/error-codes.ts';
import { FolderError } from '../../../host/src/folder.ts';
import { NoNatsServerError } from '../local/nats-server.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';

/** A command cannot do what was asked; the message is a sentence that says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** Where it is one of the causes that clients know, too. */
  readonly code: ErrorCode | undefined;

  constructor(message: string, exitCode: number, code?: ErrorCode) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** Ends the process with one sentence and the exit code that the error stands for. */
export function fail(error: unknown): never {
  process.stderr.write(`${isJsonAsked() ? failureJson(error) : `synod: ${failureText(error)}`}\n`);
  process.exit(exitCodeOf(error));
}

/** The sentence, with the code before it where there is one. */
export function failureText(error: unknown): string {
  const code = codeOf(error);
  return code === undefined ? sentenceOf(error) : `${code}: ${sentenceOf(error)}`;
}

/** @param about what else is said beside the error */
export function failureJson(error: unknown, about: Readonly<Record<string, string>> = {}): string {
  const code = codeOf(error) ?? null;
  const exitCode = exitCodeOf(error);
  return JSON.stringify({ ...about, error: { code, message: sentenceOf(error), exitCode } });
}

/** Whether the command line asks for JSON: it may be wrong elsewhere, and so not be parsed. */
export function isJsonAsked(args: readonly string[] = process.argv.slice(2)): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  const last = options.findLastIndex((each) => /^--output(=|$)/.test(each));
  if (last < 0) return false;
  const value = options[last] === '--output' ? options[last + 1] : options[last]?.slice(9);
  return value === 'json';
}

const unavailable: readonly ErrorCode[] = ['UNREACHABLE', 'NOT_ADMITTED', 'NO_CLUSTER'];

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof SynodError || error instanceof CommandError ? error.code : undefined;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof FolderError) return exitCodes.usage;
  if (error instanceof NoNatsServerError) return exitCodes.unavailable;
  if (error instanceof SynodError && unavailable.includes(error.code)) return exitCodes.unavailable;
  return exitCodes.failed;
}
