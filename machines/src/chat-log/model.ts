import type { SequentialModel } from '../port/model.ts';

export type LogInput =
  { readonly type: 'append'; readonly text: string } | { readonly type: 'read' };

export type LogOutput =
  | { readonly type: 'appended'; readonly position: number; readonly existed: boolean }
  | { readonly type: 'texts'; readonly texts: readonly string[] };

/**
 * The chat log: a text that is there already keeps its position.
 * @param known the longest log that any member had: an append without an answer takes effect where
 *   that log has its text, or never. It saves trying every order of them.
 */
export function chatLogModel(
  known: readonly string[],
): SequentialModel<readonly string[], LogInput, LogOutput> {
  return {
    initial: [],
    step: (texts, input, output) => {
      if (input.type === 'read') {
        if (output === undefined) return texts;
        const isSame = output.type === 'texts' && output.texts.join('\n') === texts.join('\n');
        return isSame ? texts : undefined;
      }
      const at = texts.indexOf(input.text);
      const existed = at >= 0;
      const after = existed ? texts : [...texts, input.text];
      if (output === undefined) {
        return existed || known[texts.length] === input.text ? after : undefined;
      }
      if (output.type !== 'appended' || output.existed !== existed) return undefined;
      return output.position === (existed ? at : texts.length) ? after : undefined;
    },
    key: (texts) => texts.join('\n'),
  };
}
