import { asBuffer } from '../../../contract/src/bytes.ts';
import {
  ENVELOPE_BYTES,
  isUnopened,
  seal,
  unseal,
  type Unopened,
} from '../../../contract/src/envelope.ts';
import { pack, Unpacking } from '../../../contract/src/message-pack.ts';
import { subjectToken } from '../../../contract/src/subjects.ts';
import type { Ballot, MemberId } from '../paxos/ballot.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { HeardEnd, HeardEnds, Incarnation, LogEnd } from '../paxos/log-end.ts';
import { messageTable } from '../paxos/message-table.ts';
import { reachSteps, type Message, type Reach, type TableDigest } from '../paxos/messages.ts';
import type { Pvalue, Value } from '../paxos/pvalue.ts';
import { mostElements, MOST_MESSAGES } from './frame-elements.ts';
import type { Stamp } from './transport.ts';

/*
 * Protocol messages on the wire: in an envelope (contract/src/envelope.ts) a frame in MessagePack,
 * [cluster id, sender, receiver or '' for all, count and random part of the sender's incarnation,
 * end of its log, its history (slot, from, hash; or nil three times), message, …]; a message is
 * [type, field, …]. Members of version 2 would apply what opens and ends sessions in another way.
 */
export const WIRE_VERSION = 3;

/** What a frame says before its messages. */
export interface FrameHead extends Stamp {
  readonly cluster: string;
  readonly from: MemberId;
  /** `undefined` when it is meant for every member. */
  readonly to: MemberId | undefined;
}

/** What travels from one member to another, or to all. */
export interface Frame extends FrameHead {
  readonly messages: readonly Message[];
}

/** Of the list that a frame is, so many elements stand before the messages. */
const HEAD_ELEMENTS = 9;

/** A cluster id may be that long: see contract/src/first-configuration.ts. */
const MAX_ID = 129;

/** Each at its code. */
const types: Message['type'][] = [];
for (const [type, { code }] of Object.entries(messageTable)) types[code] = type as Message['type'];

export function encodeFrame({ cluster, from, to, messages, end, history }: Frame): Uint8Array {
  const wire = [cluster, from, to ?? '', ...endToWire(end), ...historyToWire(history)];
  for (const message of messages) wire.push(toWire(message));
  return seal(pack(wire, ENVELOPE_BYTES), WIRE_VERSION);
}

/** A frame whose messages nobody wanted, and why. */
export interface Refused<Reason> {
  readonly refused: Reason;
  readonly from: MemberId;
}

/**
 * Parses once: what it returns can be trusted to be as it was sent, and to have its types. Commands
 * are views of `bytes`, which nobody may change any more. Never throws.
 * @param refusal why the messages are not wanted: they are not even read then
 */
export function parseFrame(bytes: Uint8Array): Frame | Unopened;
export function parseFrame<Reason>(
  bytes: Uint8Array,
  refusal: (head: FrameHead) => Reason | undefined,
): Frame | Unopened | Refused<Reason>;
export function parseFrame<Reason>(
  bytes: Uint8Array,
  refusal?: (head: FrameHead) => Reason | undefined,
): Frame | Unopened | Refused<Reason> {
  const content = unseal(asBuffer(bytes), WIRE_VERSION);
  if (isUnopened(content)) return content;
  try {
    const wire = new Unpacking(content, mostElements(content.length));
    const count = wire.list() - HEAD_ELEMENTS;
    if (count < 0) throw new TypeError('an id is missing');
    const messages: Message[] = [];
    const frame = frameFrom(wire, messages);
    const refused = refusal?.(frame);
    if (refused !== undefined) return { refused, from: frame.from };
    if (count > MOST_MESSAGES) throw new TypeError(`${count} messages`);
    // One after the other: the rest is not read when one of them is none.
    for (let i = 0; i < count; i++) messages.push(fromWire(wire.next()));
    wire.end();
    return frame;
  } catch (error) {
    return { malformed: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads what stands before the messages. */
function frameFrom(wire: Unpacking, messages: readonly Message[]): Frame {
  const cluster = text(wire.scalar());
  const from = token(wire.scalar());
  const receiver = wire.scalar();
  const to = receiver === '' ? undefined : token(receiver);
  const end = endOf(wire.scalar(), wire.scalar(), wire.scalar());
  const history = historyOf(wire.scalar(), wire.scalar(), wire.scalar());
  return { cluster, from, to, end, ...history, messages };
}

function toWire(message: Message): unknown[] {
  const { code } = messageTable[message.type];
  switch (message.type) {
    case 'p1a':
      return [code, ...ballotToWire(message.ballot), message.from];
    case 'p2a': {
      const { ballot, slot, value, decided } = message;
      return [code, ...ballotToWire(ballot), slot, value, decided];
    }
    case 'p1b': {
      const { ballot, from, next, floor, pvalues } = message;
      return [code, ...ballotToWire(ballot), from, next ?? null, floor, pvaluesToWire(pvalues)];
    }
    case 'p2b':
      return [code, ...ballotToWire(message.ballot), message.slot];
    case 'propose':
      return [code, message.slot, message.value];
    case 'floor':
      return [code, message.floor];
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

function fromWire(wire: unknown): Message {
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
      const rest = { ...next, floor: integer(e), pvalues: pvalues(f) };
      return { type, ballot: ballot(a, b), from: integer(c), ...rest };
    }
    case 'p2b':
      return { type, ballot: ballot(a, b), slot: integer(c) };
    case 'propose':
      return { type, slot: integer(a), value: value(b) };
    case 'floor':
      return { type, floor: integer(a) };
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

function ballotToWire({ round, leader }: Ballot): [number, string] {
  return [round, leader];
}

function pvaluesToWire(pvalues: readonly Pvalue[]): unknown[] {
  return pvalues.map(({ ballot, slot, value }) => [...ballotToWire(ballot), slot, value]);
}

function pvalues(wire: unknown): Pvalue[] {
  return array(wire).map((entry) => {
    const [round, leader, slot, commands] = array(entry);
    return { ballot: ballot(round, leader), slot: integer(slot), value: value(commands) };
  });
}

function ballot(round: unknown, leader: unknown): Ballot {
  return { round: integer(round), leader: token(leader) };
}

function value(wire: unknown): Value {
  const commands = array(wire);
  for (const command of commands) bytes(command);
  return commands as Uint8Array[];
}

function bytes(wire: unknown): Uint8Array {
  if (!(wire instanceof Uint8Array)) throw new TypeError('bytes are missing');
  return wire;
}

function surveyOf(wire: unknown): { survey?: number } {
  return wire === null || wire === undefined ? {} : { survey: integer(wire) };
}

function floorOf(wire: unknown): { floor?: number } {
  return wire === null || wire === undefined ? {} : { floor: integer(wire) };
}

function endToWire({ incarnation, sequence }: LogEnd): number[] {
  return [incarnation.count, incarnation.random, sequence];
}

function endOf(count: unknown, random: unknown, sequence: unknown): LogEnd {
  return { incarnation: incarnation(count, random), sequence: integer(sequence) };
}

function incarnation(count: unknown, random: unknown): Incarnation {
  return { count: integer(count), random: integer(random) };
}

function endsToWire(ends: HeardEnds | undefined): unknown[] | null {
  if (ends === undefined) return null;
  return Object.entries(ends).map(([member, end]) => {
    return [member, ...endToWire(end), ...optional(end.before)];
  });
}

function endsOf(wire: unknown): { ends?: HeardEnds } {
  if (wire === null) return {};
  const ends = array(wire).map((entry) => {
    const [member, count, random, sequence, before] = array(entry);
    const end = endOf(count, random, sequence);
    const heard: HeardEnd = before === undefined ? end : { ...end, before: integer(before) };
    return [token(member), heard] as const;
  });
  return { ends: Object.fromEntries(ends) };
}

function historyToWire(history: HistoryMark | undefined): unknown[] {
  return history === undefined ? [null, null, null] : [history.slot, history.from, history.hash];
}

function historyOf(slot: unknown, from: unknown, hash: unknown): { history?: HistoryMark } {
  return slot === null ? {} : { history: mark(slot, from, hash) };
}

function mark(slot: unknown, from: unknown, hash: unknown): HistoryMark {
  return { slot: integer(slot), from: integer(from), hash: large(hash) };
}

function digestsToWire(tables: readonly TableDigest[]): unknown[] {
  return tables.map(({ table, count, sum }) => [table, count, sum]);
}

function digests(wire: unknown): TableDigest[] {
  return array(wire).map((entry) => {
    const [table, count, sum] = array(entry);
    return { table: text(table), count: integer(count), sum: large(sum) };
  });
}

function large(wire: unknown): bigint {
  if (typeof wire !== 'bigint') throw new TypeError('a hash is missing');
  return wire;
}

/** A field that came later: it is left out at the end of a message that lacks it. */
function optional(field: number | undefined): number[] {
  return field === undefined ? [] : [field];
}

function array(wire: unknown): unknown[] {
  if (!Array.isArray(wire)) throw new TypeError('an array is missing');
  return wire as unknown[];
}

function integer(wire: unknown): number {
  if (typeof wire !== 'number' || !Number.isSafeInteger(wire) || wire < 0) {
    throw new TypeError(`${String(wire)} is no slot, round or count`);
  }
  return wire;
}

/** An id of a member: it becomes a part of subjects. */
function token(wire: unknown): MemberId {
  const id = text(wire);
  if (!subjectToken.test(id)) throw new TypeError('an id is none that a member may have');
  return id;
}

function text(wire: unknown): string {
  if (typeof wire !== 'string' || wire.length === 0 || wire.length > MAX_ID) {
    throw new TypeError('an id is missing');
  }
  return wire;
}

function reachStep(wire: unknown): Reach['step'] {
  const step = reachSteps[integer(wire)];
  if (step === undefined) throw new TypeError(`step ${String(wire)}`);
  return step;
}
