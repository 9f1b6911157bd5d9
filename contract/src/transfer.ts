import { isErrorCode, type ErrorCode } from './error-codes.ts';
import { parseObject } from './json-object.ts';

/** Asks the leader to hand over. JSON. */
export interface TransferRequest {
  /** A voter's id; without it the leader chooses. */
  readonly to?: string;
}

/** What became of it. JSON. */
export type TransferAnswer =
  { readonly ok: true; readonly leader: string } | { readonly ok: false; readonly code: ErrorCode };

/** @returns `undefined` when the text is no request */
export function parseTransferRequest(text: string): TransferRequest | undefined {
  const request = parseObject(text);
  if (request === undefined) return undefined;
  const { to } = request;
  if (to === undefined) return {};
  return typeof to === 'string' ? { to } : undefined;
}

/** @returns `undefined` when the text is no answer */
export function parseTransferAnswer(text: string): TransferAnswer | undefined {
  const answer = parseObject(text);
  if (answer === undefined) return undefined;
  const { ok, leader, code } = answer;
  if (ok === true && typeof leader === 'string') return { ok, leader };
  return ok === false && isErrorCode(code) ? { ok, code } : undefined;
}
