import { inspect } from 'node:util';
import { isUint8Array } from 'node:util/types';
import type { Consistency } from './read-request.ts';
import { subjectToken } from './subjects.ts';
import { SynodError } from './synod-error.ts';

/* What callers give, who may have no compiler. Each throws SynodError `INVALID_ARGUMENT`. */

const MOST_SLOTS = 2 ** 48 - 2;

function wants(name: string, value: unknown, isRight: boolean, wanted: string): void {
  if (isRight) return;
  const shown = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 });
  const has = value === undefined ? 'is missing' : `is ${shown}`;
  throw new SynodError('INVALID_ARGUMENT', { detail: `${name} ${has}; it wants: ${wanted}` });
}

/** Of a call, or of `connect`. */
export function checkOptions(name: string, value: unknown): void {
  wants(name, value, typeof value === 'object' && value !== null, 'an object');
}

/** @param isRight what else a string has to be, as `wanted` says */
export function checkText(
  name: string,
  value: unknown,
  wanted = 'a string',
  isRight: (text: string) => boolean = () => true,
): void {
  wants(name, value, typeof value === 'string' && isRight(value), wanted);
}

/** What stands between the dots of a subject. */
export function checkName(name: string, value: unknown): void {
  const isName = typeof value === 'string' && subjectToken.test(value);
  wants(name, value, isName, 'letters, digits, - and _, at most 64 of them');
}

export function checkCount(name: string, value: unknown, least = 0): void {
  const isCount = Number.isSafeInteger(value) && Number(value) >= least;
  wants(name, value, isCount, `a whole number from ${least} on`);
}

export function checkMilliseconds(name: string, value: unknown): void {
  wants(name, value, Number.isFinite(value) && Number(value) > 0, 'a number of ms, more than 0');
}

export function checkNumber(name: string, value: unknown): void {
  wants(name, value, Number.isFinite(value), 'a number');
}

export function checkOneOf(name: string, value: unknown, all: readonly string[]): void {
  wants(name, value, all.includes(value as string), `one of ${all.join(', ')}`);
}

export function checkMachineCalls(value: unknown): void {
  const { over } = Object(value) as { readonly over?: unknown };
  wants('machine', value, typeof over === 'function', 'calls of a machine, such as chatLog');
}

export function checkOperations(value: unknown): void {
  wants('operations', value, Array.isArray(value) && value.every(isUint8Array), 'Uint8Arrays');
}

export function checkConsistency(value: Consistency): void {
  const { atLeast: slot } = Object(value) as { readonly atLeast?: unknown };
  const isSlot = Number.isSafeInteger(slot) && Number(slot) >= 0 && Number(slot) <= MOST_SLOTS;
  const isRight = value === 'linearizable' || value === 'local' || isSlot;
  wants('consistency', value, isRight, "'linearizable', 'local' or {atLeast: <slot>}");
}
