import type { ScriptOperations } from '../port/script.ts';
import { encodeChatOperation, parseChatOperation, parseChatResult } from './operations.ts';

const PAGE_TEXTS = 1000;

/** What the scripts of the master were written for. */
export const chatLogScript: ScriptOperations = {
  message: (messageId, text) => encodeChatOperation({ type: 'append', text, messageId }),

  idOf(bytes) {
    const operation = parseChatOperation(bytes);
    return operation?.type === 'append' ? operation.messageId : undefined;
  },

  /** All texts, page by page. */
  log(query) {
    const texts: string[] = [];
    for (;;) {
      const read = encodeChatOperation({ type: 'read', from: texts.length, limit: PAGE_TEXTS });
      const page = parseChatResult(query(read));
      if (page.type !== 'texts' || page.texts.length === 0) return texts;
      texts.push(...page.texts);
    }
  },
};
