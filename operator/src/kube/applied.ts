import { createHash } from 'node:crypto';
import type { KubernetesObject, V1OwnerReference } from '@kubernetes/client-node';

/** Digests of what was asked for, and of what came of it. */
interface Applied {
  readonly asked: string;
  readonly found: string;
}

/**
 * What was applied last, and what the objects were then. While both are the same, applying it again
 * would change nothing, and need not be sent. Whoever has just started knows nothing, and sends it.
 */
export class AppliedObjects {
  /** By the cluster that owns them, then by kind and name. */
  readonly #known = new Map<string, Map<string, Applied>>();

  note(asked: KubernetesObject, owner: V1OwnerReference, found: KubernetesObject): void {
    const key = keyOf(asked.metadata?.namespace, owner.name);
    const known = this.#known.get(key) ?? new Map<string, Applied>();
    this.#known.set(key, known);
    known.set(nameOf(asked), { asked: digest(unversioned(asked)), found: digest(found) });
  }

  /** Whether nothing would come of it. One of another version than was read is to be refused. */
  isInForce(asked: KubernetesObject, owner: V1OwnerReference, live: KubernetesObject): boolean {
    const { namespace, resourceVersion } = asked.metadata ?? {};
    const isAsRead =
      resourceVersion === undefined || resourceVersion === live.metadata?.resourceVersion;
    const known = this.#known.get(keyOf(namespace, owner.name))?.get(nameOf(asked));
    if (known === undefined || !isAsRead) return false;
    return known.asked === digest(unversioned(asked)) && known.found === digest(withoutBooks(live));
  }

  /** There is no such cluster any more. */
  forget(namespace: string, name: string): void {
    this.#known.delete(keyOf(namespace, name));
  }
}

/** Without what the API server keeps of who wrote what when, and without what others report. */
export function withoutBooks({ metadata, ...rest }: KubernetesObject): KubernetesObject {
  const object = { ...rest, metadata: { ...metadata } };
  Reflect.deleteProperty(object, 'status');
  delete object.metadata.resourceVersion;
  delete object.metadata.managedFields;
  return object;
}

function unversioned({ metadata, ...rest }: KubernetesObject): KubernetesObject {
  const object = { ...rest, metadata: { ...metadata } };
  delete object.metadata.resourceVersion;
  return object;
}

function digest(object: KubernetesObject): string {
  return createHash('sha256').update(JSON.stringify(object)).digest('base64');
}

function keyOf(namespace = '', name = ''): string {
  return `${namespace}/${name}`;
}

function nameOf({ kind = '', metadata }: KubernetesObject): string {
  return `${kind}/${metadata?.name ?? ''}`;
}
