import { formatBallot } from '../../../node/src/paxos/ballot.ts';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** A run as text: a line an event, with its time, and where and what it was. */
export function transcript({ events }: Trace): string {
  return events.map((event) => `${lineOf(event)}\n`).join('');
}

function lineOf(event: TraceEvent): string {
  const at = event.at.toFixed(2).padStart(10);
  const line = (where: string, what: string): string => `${at}  ${where.padEnd(9)} ${what}`;
  switch (event.type) {
    case 'frame':
    case 'call': {
      const what = event.type === 'call' ? event.label : event.messages.map(saying).join(' · ');
      return line(`${event.from} → ${event.to}`, `${what}${arrival(event.at, event.arrivesAt)}`);
    }
    case 'fault':
      return line(event.members.join(' '), `FAULT ${event.fault.kind}`);
    case 'persist':
      return line(event.member, `has on disk: ${event.records.map(recorded).join(' · ')}`);
    case 'apply':
      return line(event.member, `applies slot ${event.slot} (${commands(event.commands)})`);
    case 'decide':
      return line(event.member, `slot ${event.slot} is decided`);
    case 'lead':
      return line(event.member, event.ballot ? `leads at ${formatBallot(event.ballot)}` : 'yields');
    case 'start':
      return line(event.member, 'starts');
    case 'end':
      return line(event.member, `ends: ${event.why}`);
    case 'failure':
      return line('', `FAILURE ${event.message}`);
    default:
      return event satisfies never;
  }
}

function arrival(at: number, arrivesAt: readonly number[]): string {
  if (arrivesAt.length === 0) return '  (lost)';
  const after = arrivesAt.map((time) => `+${(time - at).toFixed(2)}`);
  return `  (${after.join(', ')})`;
}

function commands(count: number): string {
  if (count === 0) return 'no-op';
  return count === 1 ? '1 command' : `${count} commands`;
}

/** A message in a few words. */
export function saying(message: Message): string {
  switch (message.type) {
    case 'p1a':
      return `p1a ${formatBallot(message.ballot)} from slot ${message.from}`;
    case 'p1b': {
      const slots = message.pvalues.map(({ slot, ballot }) => `${slot}@${formatBallot(ballot)}`);
      const accepted = slots.length > 0 ? `, accepted ${slots.join(' ')}` : '';
      return `p1b ${formatBallot(message.ballot)}${accepted}`;
    }
    case 'p2a': {
      const { ballot, slot, value, decided } = message;
      const riding = decided.length > 0 ? `, decided ${decided.join(' ')}` : '';
      return `p2a ${formatBallot(ballot)} slot ${slot} (${commands(value.length)})${riding}`;
    }
    case 'p2b':
      return `p2b ${formatBallot(message.ballot)} slot ${message.slot}`;
    case 'propose':
      return `propose slot ${message.slot} (${commands(message.value.length)})`;
    case 'forgotten':
      return `forgotten below ${message.below}`;
    case 'heartbeat':
      return `heartbeat ${formatBallot(message.ballot)}`;
    case 'decision':
      return `decision slot ${message.slot}`;
    case 'learn':
      return `learn from slot ${message.from}`;
    case 'learned':
      return `learned ${message.decisions.map(({ slot }) => slot).join(' ') || 'nothing'}`;
    case 'alive':
      return `alive ${formatBallot(message.ballot)}`;
    case 'canvass':
      return `canvass ${formatBallot(message.ballot)}`;
    case 'canvassed':
      return `canvassed ${formatBallot(message.ballot)}: ${message.supports ? 'yes' : 'no'}`;
    case 'hand-over':
      return `hand-over ${formatBallot(message.ballot)}`;
    case 'fetch':
      return `fetch chunk ${message.at}`;
    case 'chunk':
      return `chunk ${message.at} of the state at slot ${message.slot}`;
    case 'question':
      return 'question';
    case 'probe':
      return `probe ${message.number}`;
    case 'probed':
      return `probed ${message.number}: below ${message.end}`;
    case 'testimony':
      return `testimony ${message.sequence}`;
    case 'history':
      return `history below ${message.mark.slot}`;
    case 'digests':
      return `digests after ${message.slot}`;
    case 'reach':
      return `reach: ${message.step} ${message.member}`;
    default:
      return message satisfies never;
  }
}

function recorded(record: LogRecord): string {
  switch (record.type) {
    case 'ballot':
      return `ballot ${formatBallot(record.ballot)}`;
    case 'leader-ballot':
      return `leader's ballot ${formatBallot(record.ballot)}`;
    case 'accepted':
    case 'learned':
      return `${record.type} ${formatBallot(record.ballot)} slot ${record.slot}`;
    case 'decided-mark':
      return `decided below ${record.slot}`;
    case 'floor':
      return `floor ${record.slot}`;
    case 'flushed':
      return `state below ${record.slot}`;
    default:
      return record satisfies never;
  }
}
