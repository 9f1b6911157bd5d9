import type { ChatOperation, ChatResult } from '../../../machines/src/chat-log/operations.ts';
import type { Operation } from './history.ts';

export type ChatCall = Operation<ChatOperation, ChatResult>;

/**
 * The same history, made easy to judge: an append without an answer took effect where the log has
 * its text in the end, or never. Then it says nothing, as a read without an answer does.
 * @param texts the log in the end; a read of all of it has to be in the history
 */
export function placed(history: readonly ChatCall[], texts: readonly string[]): ChatCall[] {
  const positions = new Map(texts.map((text, position) => [text, position]));
  const appended = new Set<string>();
  for (const { input, output } of history) {
    if (input.type !== 'append' || output?.type !== 'appended') continue;
    if (!output.existed) appended.add(input.text);
  }
  return history
    .toSorted((a, b) => a.calledAt - b.calledAt)
    .flatMap((call) => {
      const { input, returnedAt } = call;
      if (returnedAt !== undefined) return [call];
      if (input.type !== 'append' || appended.has(input.text)) return [];
      const position = positions.get(input.text);
      if (position === undefined) return [];
      // Of several with that text, the one that was called first may do all that others may.
      appended.add(input.text);
      return [{ ...call, output: { type: 'appended', position, existed: false } as const }];
    });
}
