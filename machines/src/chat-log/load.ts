import type { Load, Loads } from '../port/load.ts';
import { encodeChatOperation } from './operations.ts';

/** A text that is in the log already would not be appended: each is another. */
export const chatLogLoads: Loads = {
  writes(bytes): Load {
    const header = encodeChatOperation({ type: 'append', text: '' }).length;
    let count = 0;
    return () => {
      count += 1;
      const text = `${count} `.padEnd(bytes - header, 'synod ');
      return encodeChatOperation({ type: 'append', text });
    };
  },
};
