import { isErrorCode, type ErrorCode } from './error-codes.ts';
import { isClusterId } from './first-configuration.ts';
import { parseObject } from './json-object.ts';

/**
 * Asks one member of a cluster that lost its quorum for good to begin a new cluster with what it
 * has applied. JSON, on the subject of that member.
 */
export interface RecoveryRequest {
  /** Of the cluster that is lost: a member of another one refuses. */
  readonly clusterId: string;
  /** Of the cluster that begins in its place. */
  readonly newClusterId: string;
}

/**
 * Asks one member to set its data aside, and to come back blank: for such a recovery; or, without
 * a new cluster, because it knows itself that it is unfit, and is no member any more. JSON, as
 * above.
 */
export type SetAsideRequest = Pick<RecoveryRequest, 'clusterId'> & Partial<RecoveryRequest>;

/** What became of it. JSON. `ok`: it is durable; the member ends, and starts as somebody new. */
export type RecoveryAnswer =
  { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode };

/** @returns `undefined` when the text is no request */
export function parseRecoveryRequest(text: string): RecoveryRequest | undefined {
  const { clusterId, newClusterId } = parseObject(text) ?? {};
  const isWhole = isClusterId(clusterId) && isClusterId(newClusterId);
  return isWhole && clusterId !== newClusterId ? { clusterId, newClusterId } : undefined;
}

/** @returns `undefined` when the text is no request */
export function parseSetAsideRequest(text: string): SetAsideRequest | undefined {
  const { clusterId, newClusterId } = parseObject(text) ?? {};
  if (newClusterId !== undefined) return parseRecoveryRequest(text);
  return isClusterId(clusterId) ? { clusterId } : undefined;
}

/** @returns `undefined` when the text is no answer */
export function parseRecoveryAnswer(text: string): RecoveryAnswer | undefined {
  const { ok, code } = parseObject(text) ?? {};
  if (ok === true) return { ok };
  return ok === false && isErrorCode(code) ? { ok, code } : undefined;
}
