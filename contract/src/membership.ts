import { isErrorCode, type ErrorCode } from './error-codes.ts';
import { isObject, parseObject } from './json-object.ts';
import { subjectToken } from './subjects.ts';

/**
 * `add` makes a blank member a learner, `promote` makes a learner a voter, `remove` makes either
 * no member any more.
 */
export const membershipSteps = ['add', 'promote', 'remove'] as const;

/** Asks the leader for one change of the members. JSON. */
export interface MembershipRequest {
  readonly step: (typeof membershipSteps)[number];
  /** The member's id. */
  readonly member: string;
  /** The number of the configuration that the change was computed from. */
  readonly base: number;
  /** Also when the voters that are left would be no quorum of those that answer now. */
  readonly force: boolean;
}

/** Who votes and who learns. */
export interface MemberLists {
  /** The first configuration has 0, each change makes the next. */
  readonly number: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** What became of it: the configuration that is in force then, or a refusal. JSON. */
export type MembershipAnswer =
  | { readonly ok: true; readonly configuration: MemberLists }
  | { readonly ok: false; readonly code: ErrorCode };

/** @returns `undefined` when the text is no request */
export function parseMembershipRequest(text: string): MembershipRequest | undefined {
  const { step, member, base, force } = parseObject(text) ?? {};
  const known = membershipSteps.find((each) => each === step);
  // An id becomes a part of subjects.
  if (known === undefined || typeof member !== 'string' || !subjectToken.test(member)) {
    return undefined;
  }
  if (!isNumber(base) || typeof force !== 'boolean') return undefined;
  return { step: known, member, base, force };
}

/** @returns `undefined` when the text is no answer */
export function parseMembershipAnswer(text: string): MembershipAnswer | undefined {
  const { ok, configuration, code } = parseObject(text) ?? {};
  if (ok === true) {
    const lists = parseLists(configuration);
    return lists === undefined ? undefined : { ok, configuration: lists };
  }
  return ok === false && isErrorCode(code) ? { ok, code } : undefined;
}

function parseLists(lists: unknown): MemberLists | undefined {
  if (!isObject(lists)) return undefined;
  const { number, voters, learners } = lists;
  if (!isNumber(number) || !areIds(voters) || !areIds(learners)) return undefined;
  return { number, voters, learners };
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function areIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'string');
}
