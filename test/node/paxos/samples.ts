import type { Ballot, MemberId } from '../../../node/src/paxos/ballot.ts';
import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect, LogRecord, Recovered } from '../../../node/src/paxos/effects.ts';
import type { LogEnd } from '../../../node/src/paxos/log-end.ts';
import type { Member } from '../../../node/src/paxos/member.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import type { Pvalue, Slot, Value } from '../../../node/src/paxos/pvalue.ts';
import type { Timing } from '../../../node/src/paxos/timing.ts';

/** Short waits, so that tests need few ticks. */
export const timing: Timing = {
  retransmit: 3,
  retransmitLongest: 12,
  heartbeat: 2,
  missing: 3,
  election: 6,
  phaseOneLongest: 100,
  duel: 4,
  learn: 2,
  surveySilence: 10,
  surveyDeadline: 50,
};

export const voters = ['a', 'b', 'c'];
export const configurations = new Configurations([firstConfiguration(voters, 4)]);

/** A machine that was never upgraded. */
export const machine = { inForce: 1, newest: 1 };

/** What a log gives back that was never written. */
export const nothing: Recovered = { decidedMark: 0, floor: 0, slotOut: 0, stored: [] };

/** `ballot('3.b')`: round 3 of leader b. */
export function ballot(text: string): Ballot {
  const [round, leader] = text.split('.');
  return { round: Number(round), leader: leader! };
}

/** One command a text. */
export function value(...texts: string[]): Value {
  return texts.map((text) => new TextEncoder().encode(text));
}

export function pvalue(ballotText: string, slot: Slot, ...texts: string[]): Pvalue {
  return { ballot: ballot(ballotText), slot, value: value(...texts) };
}

/** How far a log went, by the word of its member in the run of that number. */
export function end(sequence: number, count = 1, random = 7): LogEnd {
  return { incarnation: { count, random }, sequence };
}

/** These say that they remember nothing of a member in its first run: it may vote. */
export function admit(member: Member, others: readonly MemberId[]): void {
  const of = { count: 1, random: 7 };
  for (const from of others) {
    const message = { type: 'testimony', of, sequence: 0 } as const;
    member.step({ type: 'message', from, message, end: end(1) });
  }
}

type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** The messages of one type among the effects, and to whom they go. */
export function sent<T extends Message['type']>(
  effects: readonly Effect[],
  type: T,
): { to: readonly MemberId[]; message: MessageOf<T> }[] {
  const isMeant = (message: Message): message is MessageOf<T> => message.type === type;
  return effects.flatMap((effect) =>
    effect.type === 'send' && isMeant(effect.message)
      ? [{ to: effect.to, message: effect.message }]
      : [],
  );
}

export function persisted(effects: readonly Effect[]): LogRecord[] {
  return effects.flatMap((effect) => (effect.type === 'persist' ? [effect.record] : []));
}
