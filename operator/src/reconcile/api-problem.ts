import type { Note } from './action.ts';

/** How errors of the API server look: `code` is HTTP's. */
interface ApiError extends Error {
  readonly code: number;
}

function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

export function isForbidden(error: unknown): boolean {
  return isApiError(error) && error.code === 403;
}

/** Somebody else changed or deleted the object since it was read: look again. */
export function isConflict(error: unknown): boolean {
  return isApiError(error) && (error.code === 409 || error.code === 404);
}

/**
 * What a person has to put right: it is said in a condition, and tried again from time to time.
 * @returns `undefined` for everything else, which is tried again soon
 */
export function problemOf(error: unknown, what: string): Note | undefined {
  if (error instanceof Error && error.name === 'ForeignObjectError') {
    return { reason: 'ForeignObject', message: error.message };
  }
  if (!isApiError(error)) return undefined;
  const message = `${what}: ${sentenceOf(error)}`;
  if (error.code === 403 && error.message.includes('exceeded quota')) {
    return { reason: 'QuotaExceeded', message };
  }
  if (error.code === 403) return { reason: 'Forbidden', message };
  return error.code === 422 || error.code === 400 ? { reason: 'Invalid', message } : undefined;
}

/** The API server's own words, without what the client puts around them. */
function sentenceOf({ message }: ApiError): string {
  const said = /"message":"((?:[^"\\]|\\.)*)"/.exec(message.replaceAll('\\"', "'"))?.[1];
  return said ?? message.split('\n')[0] ?? '';
}
