import { messageTable } from '../paxos/message-table.ts';
import { reachSteps, type Message } from '../paxos/messages.ts';
import {
  ballot,
  ballotToWire,
  digests,
  digestsToWire,
  endsOf,
  endsToWire,
  floorOf,
  historyToWire,
  incarnation,
  mark,
  optional,
  pvalues,
  pvaluesToWire,
  reachStep,
  surveyOf,
  value,
} from './wire-fields.ts';
import { array, bytes, integer, text, token } from './wire-primitives.ts';

/* A message is [code of its type, field, …]. */

/** Each at its code. */
const types: Message['type'][] = [];
for (const [type, { code }] of Object.entries(messageTable)) types[code] = type as Message['type'];

export function messageToWire(message: Message): unknown[] {
  const { code } = messageTable[message.type];
  switch (message.type) {
    case 'p1a':
      return [code, ...ballotToWire(message.ballot), message.from];
    case 'p2a': {
      const { ballot, slot, value, decided } = message;
      return [code, ...ballotToWire(ballot), slot, value, decided];
    }
    case 'p1b': {
      const { ballot, from, next, forgotten, pvalues } = message;
      return [code, ...ballotToWire(ballot), from, next ?? null, forgotten, pvaluesToWire(pvalues)];
    }
    case 'p2b':
      return [code, ...ballotToWire(message.ballot), message.slot];
    case 'propose':
      return [code, message.slot, message.value];
    case 'forgotten':
      return [code, message.below];
    case 'heartbeat': {
      const { ballot, slotOut, floor = null, ends } = message;
      return [code, ...ballotToWire(ballot), slotOut, floor, endsToWire(ends)];
    }
    case 'decision':
      return [code, ...ballotToWire(message.ballot), message.slot, message.value ?? null];
    case 'learn': {
      const ballot = message.ballot ? ballotToWire(message.ballot) : [null, null];
      return [code, message.from, ...ballot, message.survey ?? null];
    }
    case 'learned': {
      const { from, slotOut, decisions, survey, floor } = message;
      return [code, from, slotOut, pvaluesToWire(decisions), survey ?? null, ...optional(floor)];
    }
    case 'alive': {
      const { ballot, slotOut, flushed, machine = null } = message;
      return [code, ...ballotToWire(ballot), slotOut, flushed, machine];
    }
    case 'canvass':
    case 'hand-over':
      return [code, ...ballotToWire(message.ballot)];
    case 'canvassed': {
      const { ballot, supports, slotOut } = message;
      return [code, ...ballotToWire(ballot), supports, slotOut];
    }
    case 'question':
      return [code];
    case 'testimony': {
      const { of, latest, sequence } = message;
      const late = latest === undefined ? [null, null] : [latest.count, latest.random];
      return [code, of.count, of.random, ...late, sequence];
    }
    case 'probe':
      return [code, message.of.count, message.of.random, message.number];
    case 'probed':
      return [code, message.of.count, message.of.random, message.number, message.end];
    case 'fetch':
      return [code, message.snapshot ?? null, message.at];
    case 'chunk': {
      const { snapshot, slot, at, bytes, digest, isLast } = message;
      return [code, snapshot, slot, at, bytes, digest, isLast];
    }
    case 'history':
      return [code, ...historyToWire(message.mark), message.asks];
    case 'digests':
      return [code, message.slot, digestsToWire(message.tables)];
    case 'reach':
      return [code, reachSteps.indexOf(message.step), message.member];
    default:
      return message satisfies never;
  }
}

/** @throws TypeError when it is no message */
export function messageFromWire(wire: unknown): Message {
  const [code, ...fields] = array(wire);
  const type = types[integer(code)];
  const [a, b, c, d, e, f] = fields;
  switch (type) {
    case 'p1a':
      return { type, ballot: ballot(a, b), from: integer(c) };
    case 'p2a': {
      const decided = array(e).map(integer);
      return { type, ballot: ballot(a, b), slot: integer(c), value: value(d), decided };
    }
    case 'p1b': {
      const next = d === null ? {} : { next: integer(d) };
      const rest = { ...next, forgotten: integer(e), pvalues: pvalues(f) };
      return { type, ballot: ballot(a, b), from: integer(c), ...rest };
    }
    case 'p2b':
      return { type, ballot: ballot(a, b), slot: integer(c) };
    case 'propose':
      return { type, slot: integer(a), value: value(b) };
    case 'forgotten':
      return { type, below: integer(a) };
    case 'heartbeat':
      return { type, ballot: ballot(a, b), slotOut: integer(c), ...floorOf(d), ...endsOf(e) };
    case 'decision': {
      const decided = d === null ? {} : { value: value(d) };
      return { type, ballot: ballot(a, b), slot: integer(c), ...decided };
    }
    case 'learn': {
      const at = b === null ? {} : { ballot: ballot(b, c) };
      return { type, from: integer(a), ...at, ...surveyOf(d) };
    }
    case 'learned': {
      const decisions = pvalues(c);
      const rest = { ...surveyOf(d), ...floorOf(e) };
      return { type, from: integer(a), slotOut: integer(b), decisions, ...rest };
    }
    case 'alive': {
      const machine = e === null ? {} : { machine: integer(e) };
      return { type, ballot: ballot(a, b), slotOut: integer(c), flushed: integer(d), ...machine };
    }
    case 'canvass':
    case 'hand-over':
      return { type, ballot: ballot(a, b) };
    case 'canvassed':
      return { type, ballot: ballot(a, b), supports: c === true, slotOut: integer(d) };
    case 'question':
      return { type };
    case 'testimony': {
      const latest = c === null ? {} : { latest: incarnation(c, d) };
      return { type, of: incarnation(a, b), ...latest, sequence: integer(e) };
    }
    case 'probe':
      return { type, of: incarnation(a, b), number: integer(c) };
    case 'probed':
      return { type, of: incarnation(a, b), number: integer(c), end: integer(d) };
    case 'fetch':
      return { type, at: integer(b), ...(a === null ? {} : { snapshot: text(a) }) };
    case 'chunk': {
      const chunk = { snapshot: text(a), slot: integer(b), at: integer(c), bytes: bytes(d) };
      return { type, ...chunk, digest: text(e), isLast: f === true };
    }
    case 'history':
      return { type, mark: mark(a, b, c), asks: d === true };
    case 'digests':
      return { type, slot: integer(a), tables: digests(b) };
    case 'reach':
      return { type, step: reachStep(a), member: token(b) };
    case undefined:
      throw new TypeError(`message type ${String(code)}`);
    default:
      return type satisfies never;
  }
}
