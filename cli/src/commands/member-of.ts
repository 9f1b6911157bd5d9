import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { CommandError } from './command-error.ts';

/**
 * The id that a person means.
 * @param given the name of a member that answers, or an id or how it begins
 * @returns the id; `given` as it is when nobody fits, for the cluster to judge
 */
export function memberOf(given: string, members: readonly MemberStatus[]): string {
  const named = members.filter(({ name }) => name === given).map(({ member }) => member);
  const ids = members.flatMap(({ member, voters, learners }) => [member, ...voters, ...learners]);
  const begun = ids.filter((id) => id.startsWith(given));
  const meant = new Set(ids.includes(given) ? [given] : named.length > 0 ? named : begun);
  if (meant.size > 1) {
    const which = [...meant].join(', ');
    throw new CommandError(`${given} may mean ${which}. Name one by its id.`, exitCodes.usage);
  }
  const [id = given] = meant;
  return id;
}

/**
 * The same, of one that answers, or that a configuration names.
 * @throws SynodError `NO_MEMBER`, with the names of those that answer
 */
export function knownMemberOf(given: string, members: readonly MemberStatus[]): string {
  const id = memberOf(given, members);
  const isKnown = ({ member, voters, learners }: MemberStatus): boolean =>
    [member, ...voters, ...learners].includes(id);
  if (members.some(isKnown)) return id;
  const names = members.map(({ name }) => name).join(', ');
  throw new SynodError('NO_MEMBER', { detail: `${given}; those that answer: ${names}` });
}
