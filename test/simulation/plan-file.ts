import fs from 'node:fs';
import { z } from 'zod';
import { faultKinds, type Plan } from './plan.ts';

const share = z.number().min(0).max(1);
const count = z.number().int().min(0);
const operation = z.union([
  z.strictObject({ type: z.literal('add'), register: z.string(), delta: z.number() }),
  z.strictObject({ type: z.literal('read'), register: z.string() }),
  z.strictObject({ type: z.literal('append'), text: z.string() }),
  z.strictObject({ type: z.literal('read'), from: count, limit: count }),
]);

const plan: z.ZodType<Plan> = z.strictObject({
  seed: z.number().int(),
  mode: z.enum(['safety', 'liveness']),
  healing: z.enum(['all', 'core']).default('all'),
  leadership: z.enum(['stable', 'on-demand']),
  machine: z.enum(['counter', 'chat-log']),
  members: count.min(1).max(7),
  window: count.min(1),
  keepBytes: count.default(1 << 20),
  queueBytes: count.default(1 << 20),
  overlayBytes: count.default(1 << 20),
  unwrittenBytes: count.default(1 << 20),
  messageBytes: count.default(1 << 20),
  tellMs: count.default(0),
  closeMs: count.default(0),
  comparing: z.boolean().default(true),
  clients: count,
  sessions: z.boolean().default(false),
  requests: z.array(
    z.strictObject({
      at: z.number(),
      client: count,
      operation,
      more: z.array(operation).optional(),
    }),
  ),
  resizes: z.array(z.strictObject({ at: z.number(), voters: count.min(1).max(7) })).default([]),
  forMs: z.number().positive(),
  loss: share,
  duplication: share,
  delay: share,
  garbling: share.default(0),
  faults: z.array(
    z.strictObject({
      kind: z.enum(faultKinds),
      at: z.number(),
      member: z.union([count, z.literal('leader')]),
      forMs: z.number(),
      luck: share,
    }),
  ),
});

/** A file is no plan, or cannot be read. */
export class PlanFileError extends Error {
  override readonly name = 'PlanFileError';
}

/**
 * Reads a plan: a regression, or one that was minimised.
 * @throws PlanFileError with one sentence
 */
export function readPlan(file: string): Plan {
  try {
    return plan.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      throw new PlanFileError(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
    }
    throw new PlanFileError(`${file} is no plan: ${(error as Error).message}`);
  }
}

export function writePlan(file: string, plan: Plan): void {
  fs.writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
}
