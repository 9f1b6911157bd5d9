import { randomBytes } from 'node:crypto';
import type { Load, Loads } from '../port/load.ts';
import { encodeChatOperation } from './operations.ts';

/** A text that is in the log already would not be appended: each is another, of all loads. */
export const chatLogLoads: Loads = {
  writes(bytes): Load {
    const header = encodeChatOperation({ type: 'append', text: '' }).length;
    const load = randomBytes(6).toString('hex');
    let count = 0;
    return () => {
      count += 1;
      const text = `${load} ${count} `.padEnd(bytes - header, 'synod ');
      return encodeChatOperation({ type: 'append', text });
    };
  },
};
