import type { V1Secret } from '@kubernetes/client-node';
import type { NatsSecrets } from '../../../link/src/nats-access.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { isForbidden } from '../observation/api-problem.ts';
import type { Objects } from '../ports.ts';

/** A Secret that the spec names is not there, or lacks a key; the message is a sentence. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/**
 * What the operator connects to the NATS of a cluster with: what the spec has for it, else what the
 * members have.
 * @throws SecretError
 */
export async function secretsOf(
  objects: Objects,
  { metadata: { namespace }, spec: { nats } }: PaxosCluster,
): Promise<NatsSecrets> {
  const read = (name: string | undefined) =>
    name === undefined ? undefined : readSecret(objects, namespace, name);
  const [credentials, certificates] = await Promise.all([
    read(nats.operatorSecret ?? nats.credentialsSecret),
    read(nats.tlsSecret),
  ]);
  const user = credentials && {
    username: keyOf(credentials, 'username'),
    password: keyOf(credentials, 'password'),
    source: sourceOf(credentials),
  };
  return { ...(user && { user }), ...(certificates && { tls: tlsOf(certificates) }) };
}

async function readSecret(objects: Objects, namespace: string, name: string): Promise<V1Secret> {
  let secret: V1Secret | undefined;
  try {
    secret = await objects.get<V1Secret>('Secret', namespace, name);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new SecretError(`The operator may not read the Secret ${name}.`, { cause: error });
  }
  if (secret === undefined) throw new SecretError(`There is no Secret ${name}.`);
  return secret;
}

function tlsOf(secret: V1Secret): NonNullable<NatsSecrets['tls']> {
  const [ca, cert] = [keyOf(secret, 'ca.crt'), valueOf(secret, 'tls.crt')];
  const own = cert === undefined ? {} : { own: { cert, key: keyOf(secret, 'tls.key') } };
  return { ca, ...own, source: sourceOf(secret) };
}

function sourceOf({ metadata }: V1Secret): string {
  return `the Secret ${metadata?.name ?? ''}`;
}

function keyOf(secret: V1Secret, key: string): string {
  const value = valueOf(secret, key);
  if (value !== undefined) return value;
  throw new SecretError(`The Secret ${secret.metadata?.name ?? ''} has no key ${key}.`);
}

/** What an editor or `echo` puts behind it does not count. */
function valueOf({ data }: V1Secret, key: string): string | undefined {
  const base64 = data?.[key];
  if (base64 === undefined) return undefined;
  return Buffer.from(base64, 'base64')
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
