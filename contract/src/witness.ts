import { isObject, parseObject } from './json-object.ts';
import { subjectToken } from './subjects.ts';

/*
 * What members say of their logs to a witness that is none of them, and what it answers. On
 * Kubernetes that is the operator, whose memory is outside of the volumes. JSON over NATS.
 */

/** One run of a member: see node/src/paxos/log-end.ts. */
export interface Incarnation {
  readonly count: number;
  readonly random: number;
}

export interface WitnessReport {
  readonly member: string;
  /** The run that speaks. */
  readonly incarnation: Incarnation;
  /** Every block of its log below it is durable. */
  readonly sequence: number;
  /** It starts, and wants to be told what is remembered of it. */
  readonly asks: boolean;
}

export interface Evidence {
  /** The run that it is meant for. */
  readonly of: Incarnation;
  /** A run of the same member that is not older, if one was heard. */
  readonly latest?: Incarnation;
  /** The farthest that another run said of its log; 0 when nothing is known. */
  readonly sequence: number;
}

/** @returns `undefined` when the text is none */
export function parseReport(text: string): WitnessReport | undefined {
  const { member, incarnation, sequence, asks } = parseObject(text) ?? {};
  if (typeof member !== 'string' || !subjectToken.test(member)) return undefined;
  if (!isIncarnation(incarnation) || !isCount(sequence) || typeof asks !== 'boolean') {
    return undefined;
  }
  return { member, incarnation: runOf(incarnation), sequence, asks };
}

/** @returns `undefined` when the text is none */
export function parseEvidence(text: string): Evidence | undefined {
  const { of, latest, sequence } = parseObject(text) ?? {};
  if (!isIncarnation(of) || !isCount(sequence)) return undefined;
  if (latest === undefined) return { of: runOf(of), sequence };
  return isIncarnation(latest) ? { of: runOf(of), latest: runOf(latest), sequence } : undefined;
}

function isIncarnation(value: unknown): value is Incarnation {
  return isObject(value) && isCount(value['count']) && isCount(value['random']);
}

/** Nothing else of it. */
function runOf({ count, random }: Incarnation): Incarnation {
  return { count, random };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
