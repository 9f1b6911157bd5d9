import { hostname } from 'node:os';
import { z } from 'zod';
import {
  ConfigError,
  givenTo,
  integer,
  mistakesIn,
  oneOf,
  settingsHelp,
} from '../../host/src/settings.ts';

const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a name that Kubernetes takes');

/** Every setting: its flag is the name in kebab case, its variable `SYNOD_<NAME>`. */
const settings = {
  name: z.string().min(1).default(hostname()).describe('who this operator is among several'),
  namespace: label.default('default').describe('namespace of the operator, and of its Lease'),
  lease: label.default('synod-operator').describe('name of the Lease: who holds it leads'),
  watchNamespace: label.optional().describe('the one whose clusters it runs; all without it'),
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe('without it $KUBECONFIG, ~/.kube/config, or the pod'),
  context: z.string().min(1).optional().describe('of the kubeconfig; its current one without it'),
  httpHost: z.string().min(1).default('127.0.0.1').describe('address for metrics and health'),
  httpPort: integer(0, 65_535).default(8081).describe('its port; 0 for any free one'),
  logLevel: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
    .default('info')
    .describe('least level of what is logged'),
  concurrency: integer(1, 64).default(4).describe('clusters that are reconciled at a time'),
  resyncMs: integer(1_000, 3_600_000)
    .default(60_000)
    .describe('milliseconds until a cluster is looked at again, though nothing changed'),
} as const;

const schema = z.object(settings).readonly();

/** The settings of an operator, each checked. */
export type Config = z.infer<typeof schema>;

/**
 * Reads flags, and the environment where a flag is missing.
 * @throws ConfigError naming each wrong field, what it has and what it wants
 */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const given = givenTo(settings, args, environment);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw ConfigError.of(given, mistakesIn(settings, result.error));
}

/** The text of `--help`. */
export const configHelp = (): string => settingsHelp(settings);
