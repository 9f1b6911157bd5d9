/*
 * Every way in which the API server fails to do what it was asked for. Each message is a sentence
 * that names what was asked, of which object, and what the API server said to it.
 */

/** What was asked. */
export interface Asked {
  readonly verb: string;
  /** Like `StatefulSet prod/synod`. */
  readonly what: string;
}

/** The API server answered, and refused. `code` is HTTP's. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly code: number;
  /** Kubernetes' own word for it. */
  readonly reason: string;
  /** When to ask again, if the API server said so. */
  readonly retryAfterMs: number | undefined;

  constructor({ verb, what }: Asked, { code, reason, message, retryAfterMs }: Refusal) {
    super(`The API server refuses to ${verb} ${what}, with ${code}: ${message}`);
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the operator says to the API server about who it is. */
export class UnauthorizedError extends ApiError {
  override readonly name = 'UnauthorizedError';
}

/** RBAC, a quota or an admission plug-in: the message tells which. */
export class ForbiddenError extends ApiError {
  override readonly name = 'ForbiddenError';
}

export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError';
}

/** An object of that name is there already. */
export class AlreadyExistsError extends ApiError {
  override readonly name = 'AlreadyExistsError';
}

/** The object is not what it was when it was read: look again. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError';
}

/** What was to be watched, or listed further, is history. */
export class GoneError extends ApiError {
  override readonly name = 'GoneError';
}

/** The object breaks a rule of its kind. */
export class InvalidError extends ApiError {
  override readonly name = 'InvalidError';
}

/** The API server has too much to do, and said so until the deadline. */
export class OverloadedError extends ApiError {
  override readonly name = 'OverloadedError';
}

/** There is an object of that name, and it belongs to somebody else: it is left alone. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';

  constructor(what: string, holder: string) {
    super(`${what} is there, and is left alone: ${holder}. Delete or rename one of the two.`);
  }
}

/** No answer: nobody knows whether it was done. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor({ verb, what }: Asked, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`The API server did not answer when asked to ${verb} ${what}: ${why}`, { cause });
  }
}

/** The process does not lead any more, and changes nothing. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor({ verb, what }: Asked) {
    super(`This operator does not lead any more, and does not ${verb} ${what}.`);
  }
}

/** What the API server said: a `Status`, or the text of a proxy before it. */
interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** The fields that broke a rule. */
  readonly fields?: readonly string[];
  readonly retryAfterMs?: number | undefined;
}

/** The error for an answer that is none of 2xx. */
export function apiError(
  asked: Asked,
  code: number,
  body: string,
  retryAfterMs?: number,
): ApiError {
  const refusal = { ...refusalOf(code, body), retryAfterMs };
  return new (classOf(refusal))(asked, refusal);
}

function classOf({ code, reason, fields = [] }: Refusal): typeof ApiError {
  switch (code) {
    case 401:
      return UnauthorizedError;
    case 403:
      return ForbiddenError;
    case 404:
      return NotFoundError;
    case 409:
      return reason === 'AlreadyExists' ? AlreadyExistsError : ConflictError;
    case 410:
      return GoneError;
    case 422:
      // A patch names the uid that it was made for, and another object has the name by now.
      return fields.includes('metadata.uid') ? ConflictError : InvalidError;
    case 429:
      return OverloadedError;
    default:
      return ApiError;
  }
}

function refusalOf(code: number, body: string): Refusal {
  const status = parse(body);
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return {
    code,
    reason: text(status['reason']) ?? 'Unknown',
    message: text(status['message']) ?? text(body.trim().slice(0, 200)) ?? 'it did not say why',
    fields: fieldsOf(status['details']),
  };
}

function fieldsOf(details: unknown): string[] {
  const causes: unknown = isRecord(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes)) return [];
  return causes.flatMap((cause) =>
    isRecord(cause) && typeof cause['field'] === 'string' ? [cause['field']] : [],
  );
}

function parse(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
