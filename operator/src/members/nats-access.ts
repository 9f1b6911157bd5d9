import type { V1Secret } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { isForbidden } from '../reconcile/api-problem.ts';
import type { Objects } from '../reconcile/ports.ts';

/** How the operator connects to the NATS of a cluster. */
export interface NatsAccess {
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}

/** The operator's own, which may do what members may not. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A secret that the spec names is not there, or lacks a key; the message is a sentence. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** @param own without them, the operator connects as the members do */
export async function natsAccess(
  objects: Objects,
  { metadata: { namespace }, spec: { nats } }: PaxosCluster,
  own: Credentials | undefined,
): Promise<NatsAccess> {
  const read = async (name: string | undefined): Promise<V1Secret | undefined> => {
    if (name === undefined) return undefined;
    const secret = await readSecret(objects, namespace, name);
    if (secret === undefined) throw new SecretError(`There is no Secret ${name}.`);
    return secret;
  };
  const [credentials, tls] = await Promise.all([
    own === undefined ? read(nats.credentialsSecret) : undefined,
    read(nats.tlsSecret),
  ]);
  return {
    servers: nats.url.split(',').map((url) => url.trim()),
    user: own?.user ?? (credentials && valueOf(credentials, 'username')),
    password: own?.password ?? (credentials && valueOf(credentials, 'password')),
    tls: tls && tlsOf(tls),
  };
}

async function readSecret(
  objects: Objects,
  namespace: string,
  name: string,
): Promise<V1Secret | undefined> {
  try {
    return await objects.get<V1Secret>('Secret', namespace, name);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new SecretError(`The operator may not read the Secret ${name}.`, { cause: error });
  }
}

function tlsOf({ data = {} }: V1Secret): NonNullable<NatsAccess['tls']> {
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map((name) => decode(data[name]));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function valueOf({ metadata, data }: V1Secret, key: string): string {
  const value = decode(data?.[key]);
  if (value !== undefined) return value;
  throw new SecretError(`The Secret ${metadata?.name ?? ''} has no key ${key}.`);
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}
