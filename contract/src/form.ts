import { isErrorCode, type ErrorCode } from './error-codes.ts';
import { parseObject } from './json-object.ts';

/*
 * Tells one member the first configuration of its cluster. The request is the text of
 * `encodeFirstConfiguration`, on the subject of that member.
 */

/** What became of it. JSON. `ok`: the member has it stored, for ever. */
export type FormAnswer =
  | { readonly ok: true; readonly clusterId: string }
  | { readonly ok: false; readonly code: ErrorCode };

/** @returns `undefined` when the text is no answer */
export function parseFormAnswer(text: string): FormAnswer | undefined {
  const { ok, clusterId, code } = parseObject(text) ?? {};
  if (ok === true && typeof clusterId === 'string') return { ok, clusterId };
  return ok === false && isErrorCode(code) ? { ok, code } : undefined;
}
