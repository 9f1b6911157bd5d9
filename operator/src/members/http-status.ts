import {
  parseStatus,
  parseWaitingStatus,
  type MemberStatus,
  type WaitingStatus,
} from '../../../contract/src/status.ts';
import { HTTP_PORT } from '../resources/names.ts';

/** A pod answers in milliseconds, or is not there. */
const DEADLINE_MS = 1_000;

/**
 * What a member, or who is to be one, says of itself at its pod's address.
 * @returns `undefined` when it says nothing
 */
export async function httpStatus(
  ip: string,
  port = HTTP_PORT,
  deadlineMs = DEADLINE_MS,
): Promise<MemberStatus | WaitingStatus | undefined> {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await fetch(`http://${host}:${port}/status`, { signal, redirect: 'error' });
    if (!response.ok) return undefined;
    const text = await response.text();
    return parseStatus(text) ?? parseWaitingStatus(text);
  } catch {
    return undefined;
  }
}
