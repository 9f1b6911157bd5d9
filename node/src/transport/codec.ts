import { Packr } from 'msgpackr';
import type { Ballot, MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import type { Pvalue, Value } from '../paxos/pvalue.ts';

/*
 * Protocol messages on the wire: MessagePack arrays. A frame is
 * [version, cluster id, sender, receiver or '' for all, message, …]; a message is [type, field, …].
 */
export const WIRE_VERSION = 1;

/** What travels from one member to another, or to all. */
export interface Frame {
  readonly cluster: string;
  readonly from: MemberId;
  /** `undefined` when it is meant for every member. */
  readonly to: MemberId | undefined;
  readonly messages: readonly Message[];
}

/** Bytes that are no frame of this version, and why. */
export interface Malformed {
  readonly malformed: string;
}

/** A cluster id may be that long: see contract/src/first-configuration.ts. */
const MAX_ID = 129;

const packr = new Packr({ useRecords: false, variableMapSize: true });
const types = ['p1a', 'p2a', 'p1b', 'p2b', 'propose', 'floor', 'heartbeat', 'decision']
  .concat(['learn', 'learned', 'alive', 'canvass', 'canvassed', 'hand-over', 'fetch', 'chunk'])
  .map((type) => type as Message['type']);

export function encodeFrame({ cluster, from, to, messages }: Frame): Uint8Array {
  return packr.pack([WIRE_VERSION, cluster, from, to ?? '', ...messages.map(toWire)]);
}

/**
 * Parses once: what it returns can be trusted to have its types. Commands are views of `bytes`,
 * which nobody may change any more. Never throws.
 */
export function parseFrame(bytes: Uint8Array): Frame | Malformed {
  try {
    const wire = array(packr.unpack(bytes));
    if (wire[0] !== WIRE_VERSION) return { malformed: `version ${String(wire[0])}` };
    const [, cluster, from, to, ...messages] = wire;
    return {
      cluster: text(cluster),
      from: text(from),
      to: to === '' ? undefined : text(to),
      messages: messages.map(fromWire),
    };
  } catch (error) {
    return { malformed: error instanceof Error ? error.message : String(error) };
  }
}

function toWire(message: Message): unknown[] {
  const type = types.indexOf(message.type);
  switch (message.type) {
    case 'p1a':
      return [type, ...ballotToWire(message.ballot), message.from];
    case 'p2a': {
      const { ballot, slot, value, decided } = message;
      return [type, ...ballotToWire(ballot), slot, value, decided];
    }
    case 'p1b': {
      const { ballot, from, next, floor, pvalues } = message;
      return [type, ...ballotToWire(ballot), from, next ?? null, floor, pvaluesToWire(pvalues)];
    }
    case 'p2b':
      return [type, ...ballotToWire(message.ballot), message.slot];
    case 'propose':
      return [type, message.slot, message.value];
    case 'floor':
      return [type, message.floor];
    case 'heartbeat': {
      const { ballot, slotOut, floor } = message;
      return [type, ...ballotToWire(ballot), slotOut, ...optional(floor)];
    }
    case 'decision':
      return [type, ...ballotToWire(message.ballot), message.slot, message.value ?? null];
    case 'learn': {
      const ballot = message.ballot ? ballotToWire(message.ballot) : [null, null];
      return [type, message.from, ...ballot, message.survey ?? null];
    }
    case 'learned': {
      const { from, slotOut, decisions, survey, floor } = message;
      return [type, from, slotOut, pvaluesToWire(decisions), survey ?? null, ...optional(floor)];
    }
    case 'alive':
      return [type, ...ballotToWire(message.ballot), message.slotOut, message.flushed];
    case 'canvass':
    case 'hand-over':
      return [type, ...ballotToWire(message.ballot)];
    case 'canvassed': {
      const { ballot, supports, slotOut } = message;
      return [type, ...ballotToWire(ballot), supports, slotOut];
    }
    case 'fetch':
      return [type, message.snapshot ?? null, message.at];
    case 'chunk': {
      const { snapshot, slot, at, bytes, digest, isLast } = message;
      return [type, snapshot, slot, at, bytes, digest, isLast];
    }
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
      return { type, ballot: ballot(a, b), slotOut: integer(c), ...floorOf(d) };
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
    case 'alive':
      return { type, ballot: ballot(a, b), slotOut: integer(c), flushed: integer(d) };
    case 'canvass':
    case 'hand-over':
      return { type, ballot: ballot(a, b) };
    case 'canvassed':
      return { type, ballot: ballot(a, b), supports: c === true, slotOut: integer(d) };
    case 'fetch':
      return { type, at: integer(b), ...(a === null ? {} : { snapshot: text(a) }) };
    case 'chunk': {
      const chunk = { snapshot: text(a), slot: integer(b), at: integer(c), bytes: bytes(d) };
      return { type, ...chunk, digest: text(e), isLast: f === true };
    }
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
  return { round: integer(round), leader: text(leader) };
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
  return wire === undefined ? {} : { floor: integer(wire) };
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

function text(wire: unknown): string {
  if (typeof wire !== 'string' || wire.length === 0 || wire.length > MAX_ID) {
    throw new TypeError('an id is missing');
  }
  return wire;
}
