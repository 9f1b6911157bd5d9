import { failureText } from './command-error.ts';
import { printable } from './printable.ts';

const SHOWN_CHARACTERS = 60;

/** What cannot be appended, and why. */
export function complaint(text: string, error: unknown): string {
  const start = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return `${printable(start)}: ${failureText(error)}`;
}
