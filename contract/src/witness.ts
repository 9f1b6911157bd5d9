import { z } from 'zod';
import { subjectToken } from './subjects.ts';

/*
 * What members say of their logs to a witness that is none of them, and what it answers. On
 * Kubernetes that is the operator, whose memory is outside of the volumes. JSON over NATS.
 */

const count = z.int().min(0);

const incarnation = z.object({ count, random: count });

const report = z.object({
  member: z.string().regex(subjectToken),
  /** The run that speaks: see node/src/paxos/log-end.ts. */
  incarnation,
  /** Every block of its log below it is durable. */
  sequence: count,
  /** It starts, and wants to be told what is remembered of it. */
  asks: z.boolean(),
});

const evidence = z.object({
  of: incarnation,
  latest: incarnation.optional(),
  sequence: count,
});

export type WitnessReport = z.output<typeof report>;
export type Incarnation = z.output<typeof incarnation>;

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
  return parsed(report, text);
}

/** @returns `undefined` when the text is none */
export function parseEvidence(text: string): Evidence | undefined {
  const found = parsed(evidence, text);
  if (found === undefined) return undefined;
  const { of, latest, sequence } = found;
  return { of, sequence, ...(latest && { latest }) };
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
