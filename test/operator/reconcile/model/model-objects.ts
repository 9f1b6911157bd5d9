import { isDeepStrictEqual } from 'node:util';
import type {
  KubernetesObject,
  V1ConfigMap,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { PaxosCluster } from '../../../../operator/src/api/paxos-cluster.ts';
import type { PaxosClusterStatus } from '../../../../operator/src/api/status.ts';
import {
  ConflictError,
  ForbiddenError,
  ForeignObjectError,
  NotFoundError,
} from '../../../../operator/src/kube/api-error.ts';
import type {
  ObjectKind,
  Objects,
  Preconditions,
  Warning,
} from '../../../../operator/src/ports.ts';

export interface ModelObject extends KubernetesObject {
  spec?: unknown;
  status?: unknown;
}

interface Kinds {
  readonly PaxosCluster: PaxosCluster & ModelObject;
  readonly StatefulSet: V1StatefulSet;
  readonly Pod: V1Pod;
  readonly PersistentVolumeClaim: V1PersistentVolumeClaim;
  readonly ConfigMap: V1ConfigMap;
}

type Typed<K> = K extends keyof Kinds ? Kinds[K] : ModelObject;

/** What an operator changes, told before it happens; and what has changed, whoever did it. */
export interface Witness {
  /** Throws where the operator is to crash. */
  changing(): void;
  removing(kind: ObjectKind, name: string): void;
  applying(object: ModelObject): void;
  changed(kind: ObjectKind): void;
}

/** The objects of an API server in memory, with its versions, generations and preconditions. */
export class ModelObjects implements Objects {
  readonly #objects = new Map<string, ModelObject>();
  readonly #witness: Witness;
  readonly #now: () => number;
  #count = 0;
  #forbidden: ObjectKind | undefined;

  constructor(witness: Witness, now: () => number) {
    this.#witness = witness;
    this.#now = now;
  }

  /* What Kubernetes itself and people do. */

  all<K extends ObjectKind>(kind: K): Typed<K>[] {
    const isOfKind = (object: ModelObject): object is Typed<K> => object.kind === kind;
    return [...this.#objects.values()].filter(isOfKind);
  }

  find<K extends ObjectKind>(kind: K, name: string): Typed<K> | undefined {
    return this.all(kind).find(({ metadata }) => metadata?.name === name);
  }

  /** Where it makes no difference, nothing has changed, and nobody hears of it. */
  put(object: ModelObject): void {
    const kind = object.kind as ObjectKind;
    const key = keyOf(kind, object.metadata?.name ?? '');
    const before = this.#objects.get(key);
    const { generation = 0, resourceVersion } = before?.metadata ?? {};
    const isSame = before !== undefined && isEqual(before.spec, object.spec);
    this.#count += 1;
    const after = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: before?.metadata?.uid ?? `uid-${this.#count}`,
        ...(resourceVersion !== undefined && { resourceVersion }),
        creationTimestamp: before?.metadata?.creationTimestamp ?? new Date(this.#now()),
        generation: isSame ? generation : generation + 1,
      },
    };
    if (before !== undefined && isEqual(before, after)) return;
    after.metadata.resourceVersion = String(this.#count);
    this.#objects.set(key, after);
    this.#witness.changed(kind);
  }

  erase(kind: ObjectKind, name: string): void {
    if (this.#objects.delete(keyOf(kind, name))) this.#witness.changed(kind);
  }

  /** As for an object with finalizers: it is marked, and somebody erases it later. */
  mark(kind: ObjectKind, name: string): void {
    const object = this.find(kind, name);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.#now());
    this.put({ ...object, metadata: { ...object.metadata, deletionTimestamp } });
  }

  /** From now on nobody may read objects of that kind; or everybody may again. */
  forbid(kind: ObjectKind | undefined): void {
    this.#forbidden = kind;
  }

  /* What operators do. Others come in between. */

  /** Before a change, also of something that is no object. */
  changing(): void {
    this.#witness.changing();
  }

  async get<T extends KubernetesObject>(kind: ObjectKind, _namespace: string, name: string) {
    await Promise.resolve();
    this.#reading('get', kind);
    return structuredClone(this.find(kind, name)) as T | undefined;
  }

  async list<T extends KubernetesObject>(
    kind: ObjectKind,
    _namespace: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<T[]> {
    await Promise.resolve();
    this.#reading('list', kind);
    const wanted = Object.entries(labels);
    const found: KubernetesObject[] = this.all(kind).filter(({ metadata }) =>
      wanted.every(([key, value]) => metadata?.labels?.[key] === value),
    );
    return structuredClone(found) as T[];
  }

  async create(object: ModelObject): Promise<'created' | 'exists'> {
    await Promise.resolve();
    this.#witness.changing();
    if (this.#live(object) !== undefined) return 'exists';
    this.put(structuredClone(object));
    return 'created';
  }

  async apply(object: ModelObject, owner: V1OwnerReference): Promise<'unchanged' | 'changed'> {
    await Promise.resolve();
    const live = this.#live(object);
    if (live === undefined) {
      this.#witness.changing();
      this.#witness.applying(object);
      this.put(structuredClone(object));
      return 'changed';
    }
    if (live.metadata?.ownerReferences?.[0]?.uid !== owner.uid) {
      throw new ForeignObjectError(`${object.kind ?? ''} ${object.metadata?.name ?? ''}`, 'model');
    }
    const { name = '', resourceVersion } = object.metadata ?? {};
    const { uid = '' } = live.metadata ?? {};
    this.#check('apply', object.kind as ObjectKind, name, live, uid, resourceVersion);
    const merged = { ...live, ...object, metadata: { ...live.metadata, ...object.metadata } };
    if (isEqual(merged, live)) return 'unchanged';
    this.#witness.changing();
    this.#witness.applying(object);
    this.put(structuredClone(merged));
    return 'changed';
  }

  async patch(
    kind: ObjectKind,
    _namespace: string,
    name: string,
    mergePatch: object,
    { uid, resourceVersion }: Preconditions,
  ): Promise<void> {
    await Promise.resolve();
    this.changing();
    const live = this.find(kind, name);
    this.#check('patch', kind, name, live, uid, resourceVersion);
    this.put(merged(live, mergePatch) as ModelObject);
  }

  async remove(
    kind: ObjectKind,
    _namespace: string,
    name: string,
    uid: string,
    resourceVersion?: string,
  ): Promise<void> {
    await Promise.resolve();
    this.changing();
    const live = this.find(kind, name);
    if (live === undefined) return;
    this.#check('delete', kind, name, live, uid, resourceVersion);
    this.#witness.removing(kind, name);
    if (kind === 'ConfigMap') this.erase(kind, name);
    else this.mark(kind, name);
  }

  async writeStatus(cluster: PaxosCluster, status: PaxosClusterStatus): Promise<void> {
    await Promise.resolve();
    this.#witness.changing();
    const live = this.find('PaxosCluster', cluster.metadata.name);
    if (live !== undefined) this.put({ ...live, status: structuredClone(status) });
  }

  async warnings(): Promise<readonly Warning[]> {
    return Promise.resolve([]);
  }

  #reading(verb: string, kind: ObjectKind): void {
    if (kind !== this.#forbidden) return;
    const refusal = { reason: 'Forbidden', message: `cannot ${verb} ${kind}`, fields: [] };
    throw new ForbiddenError({ verb, what: kind }, { code: 403, ...refusal });
  }

  #live({ kind, metadata }: ModelObject): ModelObject | undefined {
    return this.find(kind as ObjectKind, metadata?.name ?? '');
  }

  #check(
    verb: string,
    kind: ObjectKind,
    name: string,
    live: ModelObject | undefined,
    uid: string,
    resourceVersion?: string,
  ): void {
    const asked = { verb, what: `${kind} ${name}` };
    const refusal = { reason: 'Model', message: 'it is not what it was', fields: [] };
    if (live === undefined) throw new NotFoundError(asked, { code: 404, ...refusal });
    const isOld =
      resourceVersion !== undefined && live.metadata?.resourceVersion !== resourceVersion;
    if (live.metadata?.uid !== uid || isOld) {
      throw new ConflictError(asked, { code: 409, ...refusal });
    }
  }
}

/** Of whichever realms, and as the API server has it: what is `undefined` is not there. */
function isEqual(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(json(one), json(other));
}

function json(value: unknown): unknown {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

/** A JSON merge patch: RFC 7396. */
function merged(live: unknown, patch: unknown): unknown {
  if (!isPlain(live) || !isPlain(patch)) return structuredClone(patch);
  const changed = Object.entries(patch).map(([key, value]) => [key, merged(live[key], value)]);
  const all = Object.entries({ ...live, ...(Object.fromEntries(changed) as object) });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

/** Of whichever realm: copies come from another one. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function keyOf(kind: ObjectKind, name: string): string {
  return `${kind}/${name}`;
}
