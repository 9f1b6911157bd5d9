import type { V1CustomResourceDefinition, V1JSONSchemaProps } from '@kubernetes/client-node';
import { z } from 'zod';
import { GROUP, KIND, PLURAL, VERSION } from './paxos-cluster.ts';
import { specSchema } from './spec.ts';
import { statusSchema, type ConditionType } from './status.ts';

/** A definition of a lower revision never replaces one of a higher one. */
export const REVISION_ANNOTATION = 'paxos.synod.dev/revision';

/** Goes up with every change of the schema; changes only add. */
const REVISION = 5;

/** Longer names make names of Services and pods that Kubernetes refuses. */
const MAX_NAME = 40;

/** Where a condition has it. */
function condition(type: ConditionType, field: 'status' | 'reason' | 'message'): string {
  return `.status.conditions[?(@.type=="${type}")].${field}`;
}

/** The custom resource definition of `PaxosCluster`, made from the schemas of spec and status. */
export function customResourceDefinition(): V1CustomResourceDefinition {
  const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${PLURAL}.${GROUP}`,
      annotations: { [REVISION_ANNOTATION]: String(REVISION) },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: ['pxc'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema() },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: [
            column('Ready', 'string', condition('Ready', 'status')),
            column('Available', 'string', condition('Available', 'status')),
            column('Degraded', 'string', condition('Degraded', 'status')),
            column('Members', 'integer', '.status.readyMembers'),
            column('Voters', 'integer', '.status.voters'),
            column('Leader', 'string', '.status.leader'),
            column('Phase', 'string', '.status.phase'),
            column('Health', 'string', condition('Degraded', 'reason')),
            column('Version', 'string', '.status.version'),
            column('Age', 'date', '.metadata.creationTimestamp'),
            { ...column('Message', 'string', condition('Degraded', 'message')), priority: 1 },
          ],
        },
      ],
    },
  };
}

function schema(): V1JSONSchemaProps {
  return {
    description: 'A Synod cluster: a replicated log and state machine by Multi-Paxos.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: openApi(specSchema),
      status: openApi(statusSchema),
    },
    'x-kubernetes-validations': [
      {
        rule: `size(self.metadata.name) <= ${MAX_NAME}`,
        message: `the name may have ${MAX_NAME} characters at most`,
      },
      {
        rule: "!self.metadata.name.contains('.')",
        message: 'the name may have no dots: it becomes part of NATS subjects',
      },
      {
        rule: "self.metadata.name.matches('^[a-z]')",
        message: 'the name has to begin with a letter: it becomes the name of a Service',
      },
    ],
  } as V1JSONSchemaProps;
}

/** JSON Schema has words that the structural schemas of Kubernetes do not have. */
function openApi(source: z.ZodType): V1JSONSchemaProps {
  const made = z.toJSONSchema(source, { io: 'input', unrepresentable: 'any' });
  return structural(made) as V1JSONSchemaProps;
}

const unknownWords = new Set(['$schema', 'propertyNames']);

function structural(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(structural);
  if (typeof node !== 'object' || node === null) return node;
  const known = Object.entries(node).filter(
    ([word, value]) =>
      !unknownWords.has(word) && !(word === 'additionalProperties' && value === false),
  );
  return Object.fromEntries(known.map(([word, value]) => [word, structural(value)]));
}
