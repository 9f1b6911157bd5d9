import type { MemberId } from '../paxos/ballot.ts';
import type { Effect } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Log } from '../storage/log.ts';

export interface RecallsPorts {
  readonly log: Log;
  /** So many bytes of decisions are read at a time. */
  readonly bytes: () => number;
  /** What was read, as an input of the member. */
  readonly recalled: (input: Input) => void;
  readonly failed: (error: Error) => void;
}

/** Reads from the log what a member has forgotten and another one asks for: an answer at a time. */
export class Recalls {
  readonly #ports: RecallsPorts;
  /** For whom the log is being read. */
  readonly #askers = new Set<MemberId>();

  constructor(ports: RecallsPorts) {
    this.#ports = ports;
  }

  begin({ from, to, asker }: Effect & { type: 'recall' }): void {
    const { log, bytes, recalled, failed } = this.#ports;
    const { first } = log;
    if (from < first) return recalled({ type: 'recalled', asker, from, stored: [], first });
    if (this.#askers.has(asker)) return; // It asks again once it has the answer, or in time.
    this.#askers.add(asker);
    log.read(from, to, bytes(), (error, stored) => {
      this.#askers.delete(asker);
      if (error !== undefined) return failed(error);
      recalled({ type: 'recalled', asker, from, stored, first });
    });
  }
}
