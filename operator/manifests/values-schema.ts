import { z } from 'zod';
import { natsUrlForm, specSchema } from '../src/api/spec.ts';

/*
 * The values of the chart: the source of charts/synod/values.schema.json and of the table in its
 * README. What the default cluster may have set is what the spec of a PaxosCluster has.
 */

const PRESERVES = 'x-kubernetes-preserve-unknown-fields';

const object = (description: string) =>
  z.custom<object>().meta({ type: 'object', description, additionalProperties: true });
const list = (description: string) =>
  z.custom<object[]>().meta({ type: 'array', description, items: { type: 'object' } });
const secret = (description: string) => z.string().max(253).describe(description);
const clusterName = z
  .string()
  .max(40)
  .regex(/^([a-z]([-a-z0-9]*[a-z0-9])?)?$/);

const pullPolicy = z.enum(['Always', 'IfNotPresent', 'Never']).describe('When it is pulled.');

const scheduling = {
  nodeSelector: object('Labels of the nodes that may run it.'),
  tolerations: list('Tolerations of the pods.'),
  affinity: object('Affinity of the pods.'),
  priorityClassName: z.string().describe('Priority class of the pods.'),
};

const image = z.strictObject({
  repository: z.string().min(1).describe('Image of operator, members and hooks, without its tag.'),
  tag: z.string().describe('Its tag; the version of the chart without it.'),
  pullPolicy,
});

const operator = z.strictObject({
  replicas: z.int().min(1).max(3).describe('Operators; one works, the others wait.'),
  watchAllNamespaces: z
    .boolean()
    .describe("Run the clusters of all namespaces, not only of the release's."),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).describe('Least level of its log.'),
  resources: object('CPU and memory.'),
  annotations: object('Annotations of the Deployment.'),
  podLabels: object('Further labels of the pods.'),
  podAnnotations: object('Further annotations of the pods.'),
  serviceAccount: z.strictObject({
    annotations: object('Annotations of the ServiceAccount.'),
  }),
  extraEnv: z
    .array(z.looseObject({ name: z.string().min(1) }).meta({ [PRESERVES]: true }))
    .describe('Further environment variables, but for those that the chart sets.'),
  extraVolumes: list('Further volumes of the pods.'),
  extraVolumeMounts: list('Where the operator has them.'),
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean().describe('Of several operators, let drains take one at a time.'),
  }),
  topologySpreadConstraints: list('How the pods spread; without it one a node, if possible.'),
  ...scheduling,
});

const nats = z.strictObject({
  enabled: z.boolean().describe('Run NATS in this release. If not, `nats.url` says where it is.'),
  replicas: z.literal([1, 3]).meta({ type: 'integer', description: 'Servers: 1 or 3.' }),
  image: z.strictObject({
    repository: z.string().min(1).describe('Image of nats-server, without its tag.'),
    tag: z.string().min(1).describe('Its tag.'),
    pullPolicy,
  }),
  clusters: z
    .array(clusterName.min(1))
    .describe('Further clusters of the namespace that use this NATS: each gets users of its own.'),
  auth: z.strictObject({
    createSecrets: z
      .boolean()
      .describe('Create the Secrets with the passwords. If not, they have to be there.'),
    generations: z
      .array(z.int().min(1).max(1_000_000))
      .min(1)
      .describe('Generations of users that NATS knows; the release uses the last one.'),
  }),
  tls: z.strictObject({
    enabled: z.boolean().describe('Encrypt all connections with NATS and between its servers.'),
    secret: secret('Secret of the servers with `tls.crt`, `tls.key` and `ca.crt`.'),
    clientSecret: secret(
      'Secret of members and clients with `ca.crt`, and `tls.crt` with `tls.key` if the servers ask.',
    ),
    verifyClients: z.boolean().describe('Ask clients for a certificate.'),
  }),
  resources: object('CPU and memory of each server.'),
  topologySpreadConstraints: list('How the servers spread; without it one a node, if possible.'),
  ...scheduling,
  url: z
    .union([z.literal(''), z.string().regex(natsUrlForm)])
    .describe('Without `nats.enabled`: URL of the NATS servers.'),
  credentialsSecret: secret('Without `nats.enabled`: Secret that members connect with.'),
  operatorSecret: secret('Without `nats.enabled`: Secret that the operator connects with.'),
  writerSecret: secret('Without `nats.enabled`: Secret that `helm test` connects with.'),
  administratorSecret: secret('Without `nats.enabled`: Secret that backups connect with.'),
  tlsSecret: secret('Without `nats.enabled`: Secret with `ca.crt` if NATS has TLS.'),
});

const cluster = specSchema
  .omit({ nats: true, recovery: true, decided: true })
  .partial()
  .extend({
    enabled: z.boolean().describe('Make a cluster with the release.'),
    name: clusterName.describe("Its name; the release's without it."),
  });

const backup = z.strictObject({
  enabled: z.boolean().describe('Save snapshots of the cluster of the release, again and again.'),
  schedule: z.string().min(1).describe('When, as cron has it, in UTC.'),
  keep: z.int().min(1).max(1_000).describe('So many whole ones stay; older ones are removed.'),
  claimName: secret('PersistentVolumeClaim that they are kept in; the chart makes one without it.'),
  storage: z.strictObject({
    size: z
      .string()
      .regex(/^[0-9]+(Ki|Mi|Gi|Ti)$/)
      .describe('Without `backup.claimName`: size of the volume, for one more than stay.'),
    className: z
      .string()
      .describe('Without `backup.claimName`: its StorageClass; the default class without it.'),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'])
      .describe(
        'Without `backup.claimName`: how it may be mounted. From one with `ReadWriteMany` members ' +
          'on several nodes can be restored.',
      ),
  }),
  s3: z.strictObject({
    bucket: z
      .string()
      .regex(/^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/)
      .describe('Bucket of S3 that they are kept in, instead of a claim.'),
    prefix: z
      .string()
      .regex(/^([^/]+(\/[^/]+)*)?$/)
      .describe('What their keys begin with, before a slash.'),
    endpoint: z
      .string()
      .regex(/^(https?:\/\/[^/]+\/?)?$/)
      .describe('URL of an S3 of your own.'),
    region: z.string().min(1).describe('Its region.'),
    credentialsSecret: secret(
      'Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; it has to be there.',
    ),
  }),
  resources: object('CPU and memory of the pod that saves one.'),
});

const networkPolicy = z.strictObject({
  enabled: z.boolean().describe('Make NetworkPolicies for operator, NATS and backups.'),
  metricsFrom: list('Who may scrape the operator, as peers of a NetworkPolicy; all without it.'),
  natsClients: list(
    'Further clients of NATS, as peers of a NetworkPolicy. Pods with the label ' +
      '`paxos.synod.dev/nats-client: "true"` may connect anyway.',
  ),
  apiServerPorts: z
    .array(z.int().min(1).max(65_535))
    .describe('Ports of the API server beside 443 and 6443.'),
  natsPorts: z
    .array(z.int().min(1).max(65_535))
    .describe("Ports of the NATS of clusters that have another one than the release's."),
});

const monitoring = z.strictObject({
  scrapeAnnotations: z
    .boolean()
    .describe('Annotate pods for a Prometheus that discovers them by `prometheus.io/scrape`.'),
  podMonitor: z.strictObject({
    enabled: z.boolean().describe('Make PodMonitors for the Prometheus operator.'),
    labels: object('Further labels of the PodMonitors.'),
    interval: z.string().describe('Time between two scrapes.'),
  }),
  rules: z.strictObject({
    enabled: z.boolean().describe('Make a PrometheusRule with the alerts and objectives.'),
    labels: object('Further labels of the PrometheusRule.'),
    runbooks: z.string().describe('What the address of `runbooks.md` begins with, in the alerts.'),
  }),
  dashboard: z.strictObject({
    enabled: z.boolean().describe('Make a ConfigMap with the Grafana dashboard.'),
    labels: object('Further labels of the ConfigMap, beside `grafana_dashboard: "1"`.'),
  }),
});

export const valuesSchema = z.strictObject({
  fullnameOverride: clusterName.describe('What the names of all objects begin with.'),
  image,
  imagePullSecrets: list('Secrets to pull the images with.'),
  assignedUser: z
    .boolean()
    .describe('The platform assigns users to pods, as OpenShift does: no pod names one.'),
  crds: z.strictObject({
    upgrade: z
      .boolean()
      .describe(
        'Apply the definition of PaxosCluster first, unless the one that is there is newer.',
      ),
  }),
  install: z.strictObject({
    resources: object('CPU and memory of the Job that runs before installs and upgrades.'),
  }),
  operator,
  nats,
  cluster,
  backup,
  networkPolicy,
  monitoring,
  rbac: z.strictObject({
    aggregatedRoles: z.boolean().describe('Add the clusters to the roles view, edit and admin.'),
  }),
  test: z.strictObject({
    resources: object('CPU and memory of the pod of `helm test`.'),
  }),
  global: object('For charts that this one is a part of; not used.').optional(),
});

/** A schema in JSON, as far as it is looked into. */
export interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Helm reads draft 7. Every object whose keys are known refuses the others by name. */
export function valuesJsonSchema(): Node {
  return z.toJSONSchema(valuesSchema.partial(), {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const isOpen = PRESERVES in jsonSchema;
      for (const word of Object.keys(jsonSchema)) {
        if (word.startsWith('x-kubernetes-')) Reflect.deleteProperty(jsonSchema, word);
      }
      if (isOpen || jsonSchema.properties === undefined) return;
      jsonSchema.additionalProperties = false;
      Reflect.deleteProperty(jsonSchema, 'required');
    },
  }) as Node;
}
