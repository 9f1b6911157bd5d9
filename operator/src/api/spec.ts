import type {
  V1Affinity,
  V1EnvVar,
  V1LocalObjectReference,
  V1ResourceRequirements,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import { z } from 'zod';
import { DEFAULT_WINDOW, MAX_WINDOW } from '../../../contract/src/first-configuration.ts';
import { DEFAULT_MACHINE, machineNames } from '../../../machines/src/names.ts';

/*
 * The spec of a `PaxosCluster`: the one source of its types, its defaults and its OpenAPI schema
 * (see crd.ts). What stands in `meta` goes into that schema as it is.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const unchecked = { 'x-kubernetes-preserve-unknown-fields': true };

const text = (description: string) => z.string().min(1).max(253).describe(description);

/** A type of Kubernetes' own: it is checked when the pods are made. */
const object = <T>(description: string) =>
  z.custom<T>().meta({ type: 'object', description, ...unchecked });
const list = <T>(description: string) =>
  z.custom<T[]>().meta({ type: 'array', description, items: { type: 'object', ...unchecked } });

/** What the members of this version take where a setting is left out, as far as rules know it. */
export const settingDefaults = {
  batchBytes: 256 * KIB,
  maxCommandBytes: 128 * KIB,
  tickMs: 10,
} as const;

/** In a rule: the setting, or its default. */
const settingOf = (self: string, name: keyof typeof settingDefaults) =>
  `(has(${self}.${name}) ? ${self}.${name} : ${settingDefaults[name]})`;

/** What may take half of a volume: it is there with something of the same size, or twice. */
const halfOfVolume = (name: 'logBytes' | 'quotaBytes') => ({
  // Defaults are checked by the rules, too, and they come one inside the other.
  rule:
    `!has(self.settings) || !has(self.settings.${name}) || ` +
    '!has(self.storage) || !has(self.storage.size) || ' +
    `self.settings.${name} * 2 <= quantity(self.storage.size).asInteger()`,
  message: `settings.${name} may be half of storage.size at most`,
});

const PORT =
  '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const HOST = '([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])';
const SERVER = ` *((nats|tls)://)?${HOST}(:${PORT})?/? *`;

/** Users are in Secrets, and not in it. */
export const natsUrlForm = new RegExp(`^${SERVER}(,${SERVER})*$`);

const immutable = (what: string) => ({
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: `${what} cannot be changed` }],
});

const bytes = (description: string, min: number, max: number) =>
  z.int().min(min).max(max).describe(description).optional();

const storage = z
  .object({
    size: z
      .string()
      .max(20)
      .regex(/^[0-9]+(Ki|Mi|Gi|Ti)$/)
      .default('8Gi')
      .describe('Size of the volume of each member, like 8Gi. It can grow, not shrink.'),
    className: text('StorageClass of the volumes; the default class without it.').optional(),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteOncePod'])
      .default('ReadWriteOnce')
      .describe('Whether the pods of a node may share a volume, or one pod alone may have it.'),
    whenDeleted: z
      .enum(['Retain', 'Delete'])
      .default('Retain')
      .describe('What becomes of the volumes when the cluster is deleted.'),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        // The API server checks the default of `storage`, which has no size yet, by the rules, too.
        rule: '!has(self.size) || !has(oldSelf.size) || !quantity(self.size).isLessThan(quantity(oldSelf.size))',
        message: 'storage cannot shrink',
      },
      {
        rule: 'has(self.className) == has(oldSelf.className) && (!has(self.className) || self.className == oldSelf.className)',
        message: 'storage.className cannot be changed',
      },
      {
        rule: '!has(self.accessMode) || !has(oldSelf.accessMode) || self.accessMode == oldSelf.accessMode',
        message: 'storage.accessMode cannot be changed',
      },
    ],
  });

const nats = z.object({
  url: z
    .string()
    .max(1024)
    .regex(natsUrlForm)
    .describe('URL of the NATS servers, like nats://nats:4222; several are separated by commas.'),
  credentialsSecret: text(
    'Secret with the keys `username` and `password` that members connect with.',
  ).optional(),
  operatorSecret: text(
    'Secret with the keys `username` and `password` that the operator connects with; ' +
      'without it the one of the members.',
  ).optional(),
  tlsSecret: text(
    'Secret with `ca.crt`, and `tls.crt` with `tls.key` for client certificates.',
  ).optional(),
});

/** They may differ between members, so that a change of them rolls through the cluster. */
const settings = z
  .object({
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .describe('Least level of what members log.')
      .optional(),
    batchBytes: bytes('Bytes of commands in a slot.', KIB, 768 * KIB),
    maxCommandBytes: bytes('Bytes of the largest command.', 256, 768 * KIB),
    pipeline: z
      .int()
      .min(1)
      .max(1024)
      .describe('Slots that a member keeps undecided at a time; WINDOW bounds them, too.')
      .optional(),
    queueBytes: bytes('Bytes of commands that may wait for a slot.', 64 * KIB, 1024 * MIB),
    logBytes: bytes(
      'Bytes of old log kept for members that were away.',
      4 * MIB,
      1024 * 1024 * MIB,
    ),
    quotaBytes: bytes(
      'Bytes that the state may take; above, the cluster refuses what makes it larger.',
      MIB,
      8 * 1024 * 1024 * MIB,
    ),
    freeBytes: bytes('Alarm when fewer bytes of the volume are free.', 0, 8 * 1024 * 1024 * MIB),
    checkpointMs: z
      .int()
      .min(10)
      .max(60_000)
      .describe('Milliseconds between two cuts of the state.')
      .optional(),
    tickMs: z
      .int()
      .min(5)
      .max(100)
      .describe(
        'Milliseconds of a tick. Time-outs are so many ticks: a leader sends each 10, and is ' +
          'replaced after 60 to 90 of silence. Change it by a factor of 4 at most at a time.',
      )
      .optional(),
  })
  .meta({
    description:
      'Settings of the members; what is left out has the default of the version that runs.',
    'x-kubernetes-validations': [
      {
        rule: `${settingOf('self', 'maxCommandBytes')} <= ${settingOf('self', 'batchBytes')}`,
        message:
          'settings.maxCommandBytes may be what settings.batchBytes is at most; ' +
          `without them they are ${settingDefaults.maxCommandBytes} and ${settingDefaults.batchBytes}`,
      },
      {
        rule:
          `${settingOf('self', 'tickMs')} <= 4 * ${settingOf('oldSelf', 'tickMs')} && ` +
          `${settingOf('oldSelf', 'tickMs')} <= 4 * ${settingOf('self', 'tickMs')}`,
        message:
          'settings.tickMs may change by a factor of 4 at most at a time; ' +
          `without it it is ${settingDefaults.tickMs}`,
      },
    ],
  });

/** A name that is there twice is refused, and what members are told is the operator's to say. */
const env = z.custom<V1EnvVar[]>().meta({
  type: 'array',
  description:
    'Further environment variables of the members. Those that begin with `SYNOD_` are the ' +
    "operator's: what may be set of them is in `settings`.",
  maxItems: 100,
  items: {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', minLength: 1, maxLength: 253 } },
    ...unchecked,
  },
  'x-kubernetes-validations': [
    {
      rule: "self.all(each, !each.name.startsWith('SYNOD_'))",
      message: "variables that begin with SYNOD_ are the operator's: see spec.settings",
    },
  ],
});

/** Nothing is in it yet. It keeps what it is given, so that it can be refused. */
const decided = z.strictObject({}).meta({
  description:
    'Reserved for settings that the log decides and the operator proposes: there are none yet.',
  maxProperties: 0,
  ...unchecked,
});

const monitoring = z.object({
  scrapeAnnotations: z
    .boolean()
    .default(true)
    .describe('Annotate the pods for a Prometheus that discovers them by `prometheus.io/scrape`.'),
});

const recovery = z
  .object({
    clusterId: text('The cluster id that has lost its quorum for good, as status has it.'),
    member: text('The id of the surviving member whose data becomes the new cluster.'),
  })
  .describe('Deliberate recovery from a lost quorum: a new cluster, of what one survivor has.');

/** Named as those of the chart's backups are. */
const s3Object = z
  .object({
    bucket: z
      .string()
      .max(63)
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
      .describe('Bucket of S3 with the snapshot.'),
    key: z
      .string()
      .max(1024)
      .regex(/^[^/]+(\/[^/]+)*$/)
      .describe('Its key there, like orders/orders-20261129T023000Z.snapshot.'),
    endpoint: z
      .string()
      .max(253)
      .regex(/^https?:\/\/[^/]+\/?$/)
      .describe('URL of an S3 of your own.')
      .optional(),
    region: text('Its region.').default('us-east-1'),
    credentialsSecret: text(
      'Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; it has to be there.',
    ),
  })
  .describe('An object in a bucket of S3.');

export type S3Object = z.output<typeof s3Object>;

const snapshot = z
  .object({
    claimName: text(
      'PersistentVolumeClaim with the snapshot; the nodes of all members have to be able to mount it.',
    ).optional(),
    path: z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/)
      .describe('The file of the snapshot in it, like orders-20261129T023000Z.snapshot.')
      .optional(),
    s3: s3Object.optional(),
  })
  .meta({
    description: 'What the members of a new cluster begin with: a file of a claim, or an object.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.s3) ? !has(self.claimName) && !has(self.path) : has(self.claimName) && has(self.path)',
        message: 'a snapshot is either at claimName and path, or at s3',
      },
    ],
  });

const bootstrap = z
  .object({ snapshot: snapshot.optional() })
  .describe('How a new cluster begins. Has no effect once the cluster has begun.');

export const clusterSizes = [1, 3, 5, 7] as const;

export const specSchema = z
  .object({
    replicas: z
      .literal(clusterSizes)
      .default(3)
      .meta({ type: 'integer', description: 'Voters: 1, 3, 5 or 7.' }),
    image: text('Image of the members, by tag or digest.'),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'])
      .describe('When the image is pulled.')
      .optional(),
    imagePullSecrets: list<V1LocalObjectReference>('Secrets to pull the image with.').optional(),
    machine: z
      .enum(machineNames)
      .default(DEFAULT_MACHINE)
      .meta({ description: 'The replicated state machine.', ...immutable('machine') }),
    window: z
      .int()
      .min(1)
      .max(MAX_WINDOW)
      .default(DEFAULT_WINDOW)
      .meta({
        description: 'WINDOW: slots in flight. A part of the first configuration.',
        ...immutable('window'),
      }),
    storage: storage.prefault({}),
    nats,
    settings: settings.prefault({}),
    decided: decided.optional(),
    resources: object<V1ResourceRequirements>(
      'CPU and memory of each member. Without it, it asks for 100m and 256Mi, and has no limit.',
    ).optional(),
    assignedUser: z
      .boolean()
      .describe('The platform assigns users to the pods, as OpenShift does: they name none.')
      .optional(),
    affinity: object<V1Affinity>('Affinity of the pods.').optional(),
    tolerations: list<V1Toleration>('Tolerations of the pods.').optional(),
    topologySpreadConstraints: list<V1TopologySpreadConstraint>(
      'How the pods spread; without it one member a node, if possible.',
    ).optional(),
    priorityClassName: text('Priority class of the pods.').optional(),
    podLabels: z.record(z.string(), z.string()).describe('Further labels of the pods.').optional(),
    podAnnotations: z
      .record(z.string(), z.string())
      .describe('Further annotations of the pods.')
      .optional(),
    env: env.optional(),
    monitoring: monitoring.prefault({}),
    paused: z
      .boolean()
      .default(false)
      .describe('The operator changes nothing; the members keep running.'),
    recovery: recovery.optional(),
    bootstrap: bootstrap.optional(),
  })
  .meta({
    'x-kubernetes-validations': [halfOfVolume('logBytes'), halfOfVolume('quotaBytes')],
  });

/** The spec as the API server stores it: with its defaults. */
export type PaxosClusterSpec = z.output<typeof specSchema>;
