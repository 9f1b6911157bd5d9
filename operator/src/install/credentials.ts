import { randomBytes } from 'node:crypto';
import { ApiException, type CoreV1Api } from '@kubernetes/client-node';

export interface Credentials {
  readonly secret: string;
  readonly username: string;
}

/** Of letters, digits, `-` and `_`: nothing that a URL or a configuration would have to quote. */
const PASSWORD_BYTES = 24;

/** @throws Error that quotes what is not `secret=username` */
export function parseCredentials(text: string): Credentials {
  const [, secret, username] = /^([a-z0-9.-]+)=([A-Za-z0-9_-]+)$/.exec(text) ?? [];
  if (secret === undefined || username === undefined) {
    throw new Error(`"${text}" is not of the form secret=username`);
  }
  return { secret, username };
}

/**
 * Creates a Secret with a user's name and a password drawn at random. One that is there already
 * stays as it is, whoever made it.
 */
export async function createCredentials(
  api: CoreV1Api,
  target: { readonly namespace: string; readonly release: string },
  { secret, username }: Credentials,
): Promise<'created' | 'exists'> {
  const { namespace, release } = target;
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secret,
      labels: {
        'app.kubernetes.io/name': 'synod',
        'app.kubernetes.io/instance': release,
        'app.kubernetes.io/component': 'credentials',
      },
    },
    // A password never changes in its place: whoever wants another one makes another user.
    immutable: true,
    stringData: { username, password: randomBytes(PASSWORD_BYTES).toString('base64url') },
  };
  try {
    await api.createNamespacedSecret({ namespace, body });
    return 'created';
  } catch (error) {
    if (error instanceof ApiException && error.code === 409) return 'exists';
    throw error;
  }
}
