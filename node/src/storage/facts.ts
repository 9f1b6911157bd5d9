import type { MachineVersion } from '../../../contract/src/machine-version.ts';
import type { Configuration } from '../paxos/configuration.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { Digests } from './digest.ts';

/** What a state says of itself, wherever it is: equal on members that applied the same slots. */
export interface SharedFacts {
  /** It has applied every slot below it. */
  readonly slotOut: Slot;
  /** What made it, and what applies the next slot. Not known of a state of an older Synod. */
  readonly machine?: MachineVersion;
  /** None before the first change: then the first configuration is in force. */
  readonly configurations?: readonly Configuration[];
  readonly history?: HistoryMark;
  /** Whether what would make it larger is refused from the next slot on. */
  readonly isReadOnly?: boolean;
  /** Of each table. */
  readonly digests: Digests;
}

const origins = ['own', 'taken', 'anew'] as const;
export type Origin = (typeof origins)[number];

/** What it says of the member on whose disk it is. */
export interface OwnFacts {
  /**
   * Applied here, taken from another member, or begun anew after a state was set aside. Not known
   * before the first cut, or of a state of an older version.
   */
  readonly origin?: Origin;
  /** The log was durable up to this sequence of its blocks when the state was written. */
  readonly logEnd: number;
  /** What this member had heard of the others' logs, by their ids. */
  readonly heard: HeardEnds;
}

/** The one record that every state has: without it nothing else in the state means anything. */
export type Facts = SharedFacts & OwnFacts;

/** For a transfer. @see parseSharedFacts */
export function encodeSharedFacts(facts: SharedFacts): Uint8Array {
  return Buffer.from(JSON.stringify(sharedJson(facts)));
}

/** @returns `undefined` when the bytes say something else */
export function parseSharedFacts(bytes: Uint8Array): SharedFacts | undefined {
  return sharedOf(parseJson(bytes));
}

/** For the disk: with the format, and whose the state is. */
export function encodeFacts(facts: Facts, whose: Readonly<Record<string, unknown>>): Uint8Array {
  const { origin, logEnd, heard } = facts;
  return Buffer.from(JSON.stringify({ ...whose, ...sharedJson(facts), origin, logEnd, heard }));
}

/** @returns `undefined` when the JSON says something else */
export function factsOf(json: Readonly<Record<string, unknown>>): Facts | undefined {
  const shared = sharedOf(json);
  const { origin, logEnd, heard } = json;
  if (shared === undefined || typeof logEnd !== 'number') return undefined;
  if (origin !== undefined && !isOrigin(origin)) return undefined;
  if (typeof heard !== 'object' || heard === null) return undefined;
  return { ...shared, ...(origin && { origin }), logEnd, heard: { ...heard } };
}

function isOrigin(value: unknown): value is Origin {
  return origins.some((origin) => origin === value);
}

/** What is parsed comes from below a checksum: its parts need no look each. */
export function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

interface SharedJson {
  readonly slotOut: Slot;
  readonly machine?: MachineVersion;
  readonly configurations?: readonly Configuration[];
  readonly history?: { readonly slot: Slot; readonly from: Slot; readonly hash: string };
  readonly isReadOnly?: boolean;
  readonly digests: Readonly<Record<string, readonly [count: number, sum: string]>>;
}

function sharedJson({
  slotOut,
  machine,
  configurations,
  history,
  isReadOnly = false,
  digests,
}: SharedFacts): SharedJson {
  return {
    slotOut,
    ...(machine && { machine }),
    ...(configurations && { configurations }),
    ...(history && { history: { ...history, hash: history.hash.toString(16) } }),
    ...(isReadOnly && { isReadOnly }),
    digests: Object.fromEntries(
      digests.entries().map(([table, { count, sum }]) => [table, [count, sum.toString(16)]]),
    ),
  };
}

function sharedOf(json: Readonly<Record<string, unknown>>): SharedFacts | undefined {
  if (typeof json['slotOut'] !== 'number') return undefined;
  if (typeof json['digests'] !== 'object' || json['digests'] === null) return undefined;
  const said = json as unknown as SharedJson; // From below a checksum: see `parseJson`.
  const { slotOut, machine, configurations, history, isReadOnly, digests } = said;
  const sums = Object.entries(digests).map(
    ([table, [count, sum]]) => [table, { count, sum: BigInt(`0x${sum}`) }] as const,
  );
  return {
    slotOut,
    ...(machine && { machine }),
    ...(configurations && { configurations }),
    ...(history && { history: { ...history, hash: BigInt(`0x${history.hash}`) } }),
    ...(isReadOnly !== undefined && { isReadOnly }),
    digests: new Digests(sums),
  };
}
