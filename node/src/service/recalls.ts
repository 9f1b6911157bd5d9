import type { MemberId } from '../paxos/ballot.ts';
import type { Effect } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Log } from '../storage/log.ts';

/** Read at a time, for as many: each answer is a page. */
const MOST = 8;
/** Of them for those whom no configuration names that is known here: anybody can be one. */
const MOST_OF_STRANGERS = 2;

export interface RecallsPorts {
  readonly log: Pick<Log, 'first' | 'read'>;
  /** Whether a configuration names it. */
  readonly isMember: (asker: MemberId) => boolean;
  /** So many bytes of decisions are read at a time. */
  readonly bytes: () => number;
  /** What was read, as an input of the member. */
  readonly recalled: (input: Input) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Reads from the log what a member has forgotten and another one asks for: an answer at a time for
 * each, and few at a time. Whoever is not answered asks again.
 */
export class Recalls {
  readonly #ports: RecallsPorts;
  /** For whom the log is being read, or what was read waits for its turn. */
  readonly #askers = new Set<MemberId>();

  constructor(ports: RecallsPorts) {
    this.#ports = ports;
  }

  begin({ from, to, asker }: Effect & { type: 'recall' }): void {
    const { log, isMember, bytes, recalled, failed } = this.#ports;
    const most = isMember(asker) ? MOST : MOST_OF_STRANGERS;
    // It asks again once it has the answer, or in time.
    if (this.#askers.has(asker) || this.#askers.size >= most) return;
    this.#askers.add(asker);
    const { first } = log;
    if (from < first) return recalled({ type: 'recalled', asker, from, stored: [], first });
    log.read(from, to, bytes(), (error, stored) => {
      if (error !== undefined) return failed(error);
      recalled({ type: 'recalled', asker, from, stored, first });
    });
  }

  /** The member has stepped what was read for that one. */
  stepped(asker: MemberId): void {
    this.#askers.delete(asker);
  }
}
