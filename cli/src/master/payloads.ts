/** What a process tells the master. */
export type ProcessMessage =
  | { readonly type: 'ack'; readonly messageId: number; readonly slot: number }
  /** The texts of the chat log, joined by commas. */
  | { readonly type: 'chatLog'; readonly texts: string };

const MAX_LENGTH_DIGITS = 10;

/** Takes bytes of the master's wire protocol, `<length>-<payload>`, split anywhere. */
export class Payloads {
  #rest = Buffer.alloc(0);

  /** @throws Error when the bytes are not of the protocol */
  take(chunk: Buffer): ProcessMessage[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: ProcessMessage[] = [];
    for (;;) {
      const dash = this.#rest.indexOf('-');
      if (dash < 0 && this.#rest.length <= MAX_LENGTH_DIGITS) return messages;
      const length = this.#rest.subarray(0, Math.max(dash, 0)).toString();
      if (!/^\d{1,10}$/.test(length)) throw new Error('what it sent has no length');
      const end = dash + 1 + Number(length);
      if (this.#rest.length < end) return messages;
      messages.push(parsePayload(this.#rest.subarray(dash + 1, end).toString()));
      this.#rest = this.#rest.subarray(end);
    }
  }
}

function parsePayload(payload: string): ProcessMessage {
  const [, id, slot] = /^ack (\d+) (\d+)$/.exec(payload) ?? [];
  if (id !== undefined) return { type: 'ack', messageId: Number(id), slot: Number(slot) };
  if (payload.startsWith('chatLog ')) return { type: 'chatLog', texts: payload.slice(8) };
  throw new Error(`what it sent is neither ack nor chatLog: ${payload.slice(0, 50)}`);
}
