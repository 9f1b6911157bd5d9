import type { MemberId } from '../paxos/ballot.ts';
import type { Input } from '../paxos/input.ts';
import { isOfCore, messageTable } from '../paxos/message-table.ts';
import type { Message } from '../paxos/messages.ts';
import { messageBytes } from '../transport/message-bytes.ts';
import type { Stamp } from '../transport/transport.ts';
import type { Assembly } from './assembly.ts';
import type { DriverEvents, DriverPorts } from './driver-ports.ts';
import type { Inbox } from './inbox.ts';
import { mayBeAccepted } from './soundness.ts';

type Ports = Pick<DriverPorts, 'member' | 'metrics'>;
type Parts = Pick<Assembly, 'comparisons' | 'hearing' | 'progress' | 'reach' | 'transfer'>;

export interface ReceptionEvents extends Pick<DriverEvents, 'dropped'> {
  /** A message is for the core. @param bytes that it counts for in the inbox */
  take(input: Input, bytes: number): void;
}

/** Where the messages of other members come in: each is brought to whom it is for, or dropped. */
export class Reception {
  readonly #ports: Ports;
  readonly #parts: Parts;
  readonly #inbox: Pick<Inbox, 'hasRoom'>;
  readonly #events: ReceptionEvents;

  constructor(ports: Ports, parts: Parts, inbox: Pick<Inbox, 'hasRoom'>, events: ReceptionEvents) {
    this.#ports = ports;
    this.#parts = parts;
    this.#inbox = inbox;
    this.#events = events;
  }

  /** One tick passed. */
  tick(): void {
    const { member } = this.#ports;
    const { hearing, progress } = this.#parts;
    const { voters, learners } = member.configurations.newest;
    const others = [...voters, ...learners].filter((other) => other !== member.self);
    hearing.tick(member.leading === undefined ? [] : others);
    progress.tick(member);
  }

  /** Somebody is there, whatever becomes of what it says. */
  notice(from: MemberId, message: Message): void {
    this.#ports.metrics.received.add(message.type);
    this.#parts.hearing.heard(from);
    this.#parts.reach.heard(from);
    this.#parts.progress.heard(from);
  }

  /** Brings a message to whom it is for; what a stranger may not say is dropped, and counted. */
  hear(from: MemberId, message: Message, { end, history }: Stamp): void {
    const { self, configurations } = this.#ports.member;
    const isKnown = from !== self && configurations.members.includes(from);
    if (history !== undefined && isKnown) this.#parts.comparisons.heard(from, history);
    if (isOfCore(message)) {
      if (!mayBeAccepted(message)) return this.#events.dropped('unsound', from);
      const bytes = messageBytes(message);
      // A message that is not heard is as lost, and the protocol sends it again.
      if (!this.#inbox.hasRoom(bytes)) return this.#events.dropped('too-many', from);
      return this.#events.take({ type: 'message', from, message, end }, bytes);
    }
    // A member that lacks the newest configurations may not know who calls it, and has to answer.
    const isCall = message.type === 'reach' && message.step === 'call' && from !== self;
    if (messageTable[message.type].isCounted && !isKnown && !isCall) {
      return this.#events.dropped('unknown-member', from);
    }
    switch (message.type) {
      case 'fetch':
      case 'chunk':
        return this.#parts.transfer.heard(from, message);
      case 'history':
      case 'digests':
        return this.#parts.comparisons.told(from, message);
      case 'reach':
        return this.#parts.reach.told(from, message);
      default:
        return message satisfies never;
    }
  }
}
