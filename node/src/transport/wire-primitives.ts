import { subjectToken } from '../../../contract/src/subjects.ts';
import type { MemberId } from '../paxos/ballot.ts';

/* What a single value that came may be. A TypeError says that it is something else. */

/** A cluster id may be that long: see contract/src/first-configuration.ts. */
const MAX_ID = 129;

export function array(wire: unknown): unknown[] {
  if (!Array.isArray(wire)) throw new TypeError('an array is missing');
  return wire as unknown[];
}

export function integer(wire: unknown): number {
  if (typeof wire !== 'number' || !Number.isSafeInteger(wire) || wire < 0) {
    throw new TypeError(`${String(wire)} is no slot, round or count`);
  }
  return wire;
}

export function large(wire: unknown): bigint {
  if (typeof wire !== 'bigint') throw new TypeError('a hash is missing');
  return wire;
}

export function bytes(wire: unknown): Uint8Array {
  if (!(wire instanceof Uint8Array)) throw new TypeError('bytes are missing');
  return wire;
}

export function text(wire: unknown): string {
  if (typeof wire !== 'string' || wire.length === 0 || wire.length > MAX_ID) {
    throw new TypeError('an id is missing');
  }
  return wire;
}

/** An id of a member: it becomes a part of subjects. */
export function token(wire: unknown): MemberId {
  const id = text(wire);
  if (!subjectToken.test(id)) throw new TypeError('an id is none that a member may have');
  return id;
}
