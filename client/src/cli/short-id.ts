const SHOWN_CHARACTERS = 8;

/** Enough of a member's id to tell it from the others'. */
export function shortId(member: string): string {
  return member.slice(0, SHOWN_CHARACTERS);
}
