import { errors, type ErrorCode } from './error-codes.ts';

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
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return undefined;
    if (answer.ok === true && 'clusterId' in answer && typeof answer.clusterId === 'string') {
      return { ok: true, clusterId: answer.clusterId };
    }
    if (answer.ok !== false || !('code' in answer) || !isErrorCode(answer.code)) return undefined;
    return { ok: false, code: answer.code };
  } catch {
    return undefined; // No JSON.
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errors, code);
}
