import type { Note } from './note.ts';

/** How refusals of the API server look: `code` is HTTP's, and the message a sentence. */
interface Refusal extends Error {
  readonly code: number;
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

export function isForbidden(error: unknown): boolean {
  return isRefusal(error) && error.code === 403;
}

/** Somebody else changed or deleted the object since it was read: look again. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && ['ConflictError', 'NotFoundError'].includes(error.name);
}

/**
 * What a person has to put right: it is said in a condition, and tried again from time to time.
 * @returns `undefined` for everything else, which is tried again soon
 */
function problemOf(error: unknown): Note | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message, name } = error;
  if (name === 'ForeignObjectError') return { reason: 'ForeignObject', message };
  if (!isRefusal(error)) return undefined;
  const isQuota = message.includes('exceeded quota');
  if (error.code === 403) return { reason: isQuota ? 'QuotaExceeded' : 'Forbidden', message };
  return error.code === 422 || error.code === 400 ? { reason: 'Invalid', message } : undefined;
}

/** What became of it: a value, or what a person has to put right; neither when it was too late. */
export interface Attempt<T> {
  readonly value: T | undefined;
  readonly problem: Note | undefined;
}

/** @throws what nobody has to put right, and a later attempt may get done */
export async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work(), problem: undefined };
  } catch (error) {
    // Somebody else was quicker: the next look sees what they did.
    if (isConflict(error)) return { value: undefined, problem: undefined };
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { value: undefined, problem };
  }
}
