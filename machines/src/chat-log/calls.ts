import { checkCount, checkOptions, checkText } from '../../../contract/src/arguments.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { MachineCalls, CommandPort, ReadOptions } from '../port/calls.ts';
import { encodeChatOperation, parseChatResult } from './operations.ts';

export interface AppendedText {
  readonly slot: number;
  /** Among all texts, from 0. */
  readonly position: number;
  /** The text was there before. */
  readonly existed: boolean;
}

export interface TextPage {
  readonly texts: readonly string[];
  /** How many texts there are. */
  readonly total: number;
}

/** Each call ends within the client's deadline, with its result or a `SynodError`. */
export class ChatLog {
  readonly #port: CommandPort;

  constructor(port: CommandPort) {
    this.#port = port;
  }

  /** Appends a text, unless it is there already. */
  async append(text: string): Promise<AppendedText> {
    checkText('text', text);
    if (!text.isWellFormed()) {
      throw new SynodError('INVALID_OPERATION', { detail: 'the text has half a character' });
    }
    const append = encodeChatOperation({ type: 'append', text });
    const { slot, results } = await this.#port.propose([append]);
    const result = parseChatResult(results[0] ?? new Uint8Array());
    if (result.type !== 'appended') throw new SynodError('INVALID_OPERATION');
    return { slot, position: result.position, existed: result.existed };
  }

  /** Reads a page: up to `limit` texts from position `from` on, and fewer where they are long. */
  async read(
    page: { readonly from?: number; readonly limit?: number } & ReadOptions = {},
  ): Promise<TextPage> {
    checkOptions('what read takes', page);
    const { from = 0, limit = 1000, ...options } = page;
    checkCount('from', from);
    checkCount('limit', limit);
    const read = encodeChatOperation({ type: 'read', from, limit });
    const { results } = await this.#port.read([read], options);
    const result = parseChatResult(results[0] ?? new Uint8Array());
    if (result.type !== 'texts') throw new SynodError('INVALID_OPERATION');
    return { texts: result.texts, total: result.total };
  }
}

/** `synod.machine(chatLog)`: texts in the order of their first append. */
export const chatLog: MachineCalls<ChatLog> = {
  over: (port) => new ChatLog(port),
};
