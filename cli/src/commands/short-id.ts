import type { ClusterMember } from '../../../client/src/members.ts';

const SHOWN_CHARACTERS = 8;

/** Enough of a member's id to tell it from the others'. */
export function shortId(member: string): string {
  return member.slice(0, SHOWN_CHARACTERS);
}

/** What a member is called: who does not answer has not said under which name it runs. */
export function nameOf({ id, status }: Pick<ClusterMember, 'id' | 'status'>): string {
  return status?.name ?? shortId(id);
}
