import type { Ballot } from './ballot.ts';

/** A position in the replicated log, from 0 on. */
export type Slot = number;

/** An encoded client command. The core never looks inside. */
export type Command = Uint8Array;

/** What a slot holds: a batch of commands, applied in order. The empty batch is the no-op. */
export type Value = readonly Command[];

/** The value that fills a hole: it changes no state. */
export const NO_OP: Value = [];

/** A triple of ballot, slot and value (PMMC 2.2): accepted by an acceptor, or decided. */
export interface Pvalue {
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Value;
}

/** Whether two commands are the same bytes. */
export function sameCommand(a: Command, b: Command): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two slots hold the same commands in the same order. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((command, i) => sameCommand(command, b[i] as Command));
}

/** What a message has for a command beside its bytes, at most. */
export const COMMAND_FRAMING = 5;
/** What a message has for a pvalue beside its commands, at most: ballot, slot, lengths. */
const PVALUE_FRAMING = 96;

/** The bytes that a pvalue with this value takes in a message, at most. */
export function sentBytes(value: Value): number {
  return PVALUE_FRAMING + valueBytes(value) + value.length * COMMAND_FRAMING;
}

/** What a slot costs in memory beside its commands, about: entries of maps, a ballot, a hash. */
const SLOT_BYTES = 512;
/** The same for a command: it is a view of the frame that it came in. */
const COMMAND_BYTES = 128;

/** The bytes that a slot with this value takes in memory, about. */
export function heldBytes(value: Value): number {
  return SLOT_BYTES + valueBytes(value) + value.length * COMMAND_BYTES;
}

/** The bytes that the commands of a value take, without their framing. */
export function valueBytes(value: Value): number {
  let bytes = 0;
  for (const command of value) bytes += command.length;
  return bytes;
}
