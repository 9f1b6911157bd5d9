import { errors, type ErrorCode } from './error-codes.ts';

/** A call failed. `code` is stable, `message` says what to do. */
export class SynodError extends Error {
  override readonly name = 'SynodError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options?: { readonly cause?: unknown; readonly detail?: string }) {
    const detail = options?.detail === undefined ? '' : ` (${options.detail})`;
    super(`${errors[code]}${detail}`, options);
    this.code = code;
  }
}
