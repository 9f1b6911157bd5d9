import type { MemberId } from '../paxos/ballot.ts';
import type { Effect } from '../paxos/effects.ts';
import type { Message } from '../paxos/messages.ts';
import type { Command, Value } from '../paxos/pvalue.ts';

/** Where a master script can have a process crash. */
export type CrashPoint =
  | { readonly at: 'after-p1b' | 'after-p2b' }
  /** Sent to these alone; the own acceptor counts as reached. */
  | { readonly at: 'p1a' | 'p2a' | 'decision'; readonly reached: readonly MemberId[] };

const messageOf: Record<CrashPoint['at'], Message['type']> = {
  'after-p1b': 'p1b',
  'after-p2b': 'p2b',
  p1a: 'p1a',
  p2a: 'p2a',
  decision: 'decision',
};

/**
 * A filter around the effects of a member, for master scripts only: at an armed point it lets out
 * what that point allows and ends the member. The core knows nothing of it.
 */
export class CrashPoints {
  readonly #isOwn: (command: Command) => boolean;
  readonly #armed: CrashPoint[] = [];
  #fired = false;

  /** @param isOwn whether the command was given to this process */
  constructor(isOwn: (command: Command) => boolean) {
    this.#isOwn = isOwn;
  }

  arm(point: CrashPoint): void {
    this.#armed.push(point);
  }

  readonly filter = (effects: Effect[]): { effects: Effect[]; crash: boolean } => {
    if (this.#fired) return { effects: [], crash: false };
    for (const [i, effect] of effects.entries()) {
      if (effect.type !== 'send') continue;
      const point = this.#armed.find((armed) => this.#matches(armed, effect.message));
      if (point === undefined) continue;
      this.#fired = true;
      return { effects: [...effects.slice(0, i), ...last(point, effect, effects)], crash: true };
    }
    return { effects, crash: false };
  };

  #matches({ at }: CrashPoint, message: Message): boolean {
    if (message.type !== messageOf[at]) return false;
    if (message.type === 'p2a') return this.#holdsOwn(message.value);
    if (message.type === 'decision') return this.#holdsOwn(message.value ?? []);
    return true;
  }

  #holdsOwn(value: Value): boolean {
    return value.some(this.#isOwn);
  }
}

/** The last message, to those that it may reach, and what the process still remembers. */
function last(point: CrashPoint, sent: Effect & { type: 'send' }, effects: Effect[]): Effect[] {
  const to = 'reached' in point ? sent.to.filter((id) => point.reached.includes(id)) : sent.to;
  const records = effects.slice(effects.indexOf(sent)).filter(({ type }) => type === 'persist');
  const { message } = sent;
  if (message.type === 'p1a') {
    records.push({ type: 'persist', record: { type: 'ballot', ballot: message.ballot } });
  }
  return [{ ...sent, to }, ...records];
}
