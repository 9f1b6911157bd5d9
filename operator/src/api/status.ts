import { z } from 'zod';

/*
 * The status of a `PaxosCluster`, written by the operator alone. Nothing in it changes at every
 * write of a client: that is what metrics are for.
 */

/** In the order in which a cluster goes through them. */
export const phases = [
  'Pending',
  'Forming',
  'Running',
  'Scaling',
  'Rolling',
  'Growing',
  'Healing',
  'Degraded',
  'Unavailable',
  'Stopped',
  'QuorumLost',
  'Recovering',
  'Paused',
] as const;

export const conditionTypes = [
  'Ready',
  'Available',
  'Progressing',
  'Degraded',
  'QuorumLost',
  'NATSReachable',
  'Paused',
] as const;

export const conditionStatuses = ['True', 'False', 'Unknown'] as const;

const condition = z.object({
  type: z.enum(conditionTypes),
  status: z.enum(conditionStatuses),
  reason: z.string().describe('One word in CamelCase.'),
  message: z.string().describe('A sentence for a person.'),
  observedGeneration: z.int().optional(),
  lastTransitionTime: z.iso.datetime().meta({ format: 'date-time' }),
});

const member = z.object({
  name: z.string().describe('The pod.'),
  id: z.string().describe('The id in its data folder.').optional(),
  role: z.enum([
    'unformed',
    'damaged',
    'halted',
    'waiting',
    'outsider',
    'learner',
    'voter',
    'unknown',
  ]),
  reason: z
    .string()
    .describe('Why it is damaged, has halted, or waits, as it says itself.')
    .optional(),
  ready: z.boolean(),
  caughtUp: z.boolean().describe('It has applied what the leader had when it was asked.'),
  version: z.string().optional(),
  cutOffSince: z.iso
    .datetime()
    .meta({ format: 'date-time' })
    .describe('Since when it does not reach NATS, while the operator does.')
    .optional(),
});

const figure = z.object({
  member: z.string().describe('Its id.'),
  incarnation: z.int().describe('Number of its newest run.'),
  random: z.int().describe('Tells runs with one number apart.'),
  sequence: z.int().describe('The farthest that this run said of its log.'),
  before: z.int().describe('The farthest that an earlier run said.'),
});

const refusedRecovery = z.object({ clusterId: z.string(), member: z.string() });

export const statusSchema = z.object({
  observedGeneration: z.int().optional(),
  phase: z.enum(phases).optional(),
  replicas: z.int().describe('Pods, for the scale subresource.').optional(),
  selector: z.string().describe('Of the pods, for the scale subresource.').optional(),
  readyMembers: z.int().optional(),
  voters: z.int().describe('Voters of the newest configuration.').optional(),
  leader: z.string().describe('The pod that leads.').optional(),
  clusterId: z.string().optional(),
  version: z.string().describe('The oldest version that a member runs.').optional(),
  backup: z
    .object({
      lastGoodTime: z.iso
        .datetime()
        .meta({ format: 'date-time' })
        .describe('When the last whole snapshot was saved.')
        .optional(),
    })
    .describe('What the CronJobs that save its snapshots have come to; not there without one.')
    .optional(),
  refusedRecovery: refusedRecovery
    .describe('What spec.recovery asks for while there is a quorum: it is never done.')
    .optional(),
  witness: z
    .array(figure)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['member'] })
    .describe(
      'How far the logs of the members went, by their own word. The operator reminds them of it: ' +
        'a volume that was put back from an older copy is noticed. It may be late, and is never ahead.',
    )
    .optional(),
  conditions: z
    .array(condition)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional(),
  members: z
    .array(member)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional(),
});

export type PaxosClusterStatus = z.output<typeof statusSchema>;
export type Phase = (typeof phases)[number];
export type Condition = z.output<typeof condition>;
export type ConditionType = (typeof conditionTypes)[number];
export type MemberRow = z.output<typeof member>;
export type Figure = z.output<typeof figure>;
export type RefusedRecovery = z.output<typeof refusedRecovery>;
