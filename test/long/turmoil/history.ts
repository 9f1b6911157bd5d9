import type { ChatOperation, ChatResult } from '../../../machines/src/chat-log/operations.ts';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { ChatCall } from '../../simulation/checks/placed.ts';

/** How an operation reaches the members: a read asks a quorum, or goes through the log. */
export type Way = 'request' | 'quorum' | 'local';

/** A call of a client. Without a result it failed, with `code`; it may be decided all the same. */
export interface Call extends ChatCall {
  readonly way: Way;
  code?: ErrorCode;
  failedAt?: number;
}

/** What clients of this process called and were answered, on one clock. */
export class History {
  readonly calls: Call[] = [];
  readonly #begin = performance.now();
  #last = 0;

  /** Microseconds; no two times are the same. */
  now(): number {
    this.#last = Math.max(this.#last + 1, Math.round((performance.now() - this.#begin) * 1_000));
    return this.#last;
  }

  /** @returns `undefined` when the call failed with an error of the SDK */
  async call(
    { client, way, input }: { client: string; way: Way; input: ChatOperation },
    send: () => Promise<ChatResult>,
  ): Promise<ChatResult | undefined> {
    const call: Call = { client, way, input, calledAt: this.now() };
    this.calls.push(call);
    try {
      const output = await send();
      call.returnedAt = this.now();
      call.output = output;
      return output;
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      call.failedAt = this.now();
      call.code = error.code;
      return undefined;
    }
  }

  /** How many appends, and reads of each way, have their results. */
  answered(): { appends: number; logReads: number; quorumReads: number } {
    const sums = { appends: 0, logReads: 0, quorumReads: 0 };
    for (const { returnedAt, input, way } of this.calls) {
      if (returnedAt === undefined) continue;
      if (input.type === 'append') sums.appends += 1;
      else if (way === 'request') sums.logReads += 1;
      else sums.quorumReads += 1;
    }
    return sums;
  }
}
