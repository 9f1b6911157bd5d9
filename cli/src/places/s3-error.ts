import { isNativeError } from 'node:util/types';

/** What S3 answered, or that it did not; `message` is a sentence with bucket, key and reason. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** Of HTTP; `undefined` without an answer. */
  readonly status: number | undefined;

  /** @param what was asked of it, as a past participle */
  constructor(address: string, what: string, cause: unknown) {
    super(`${address} could not be ${what}: ${reasonOf(cause).replace(/\.$/, '')}.`, { cause });
    this.status = statusOf(cause);
  }
}

export function statusOf(error: unknown): number | undefined {
  const { $metadata } = Object(error) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}

/** S3's own code and words where there are some. */
function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  const status = statusOf(error);
  // Only the rest of what was read in part is asked for so.
  if (status === 412) return 'it was changed meanwhile';
  // An answer without a body, as to HEAD, has a number alone.
  const words = error.message === 'UnknownError' ? '' : error.message;
  if (status !== undefined) return [error.name, words || `HTTP ${status}`].join(': ');
  return words || (code ?? error.name);
}
