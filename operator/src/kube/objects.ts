import { isDeepStrictEqual } from 'node:util';
import {
  PatchStrategy,
  type CoreV1Event,
  type KubernetesObject,
  type V1ManagedFieldsEntry,
  type V1OwnerReference,
} from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { PaxosClusterStatus } from '../api/status.ts';
import type { ObjectKind, Objects, Preconditions, Warning } from '../ports.ts';
import {
  AlreadyExistsError,
  ConflictError,
  ForeignObjectError,
  NotFoundError,
  NotLeadingError,
} from './api-error.ts';
import { AppliedObjects, withoutBooks } from './applied.ts';
import type { ApiRequest, Client } from './client.ts';
import { coreEvents, isObjectKind, kinds } from './kinds.ts';
import type { Term } from './lease.ts';

/** Owns the fields of what it applied: one that is applied no more is removed. */
const APPLIER = 'synod-operator';
/** Of patches, so that applying does not remove what they set. */
const PATCHER = 'synod-operator-patch';

/** A list comes in pages of so many. */
const PAGE = 500;

interface Page {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly KubernetesObject[];
}

/**
 * The objects of one API server. No object is kept, and nothing is changed when the term is over.
 * Objects are as JSON has them: but for those of the metadata, times are strings.
 */
export class ApiObjects implements Objects {
  readonly #client: Client;
  readonly #term: Term;
  readonly #applied = new AppliedObjects();

  constructor(client: Client, term: Term) {
    this.#client = client;
    this.#term = term;
  }

  async get<T extends KubernetesObject>(
    kind: ObjectKind,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    try {
      const resource = kinds[kind];
      return revived(await this.#send({ verb: 'get', resource, namespace, name })) as T;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async list<T extends KubernetesObject>(
    kind: ObjectKind,
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<T[]> {
    const labelSelector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const query = { labelSelector: labelSelector.join(','), limit: String(PAGE) };
    const found: T[] = [];
    let token: string | undefined;
    do {
      const page = (await this.#send({
        verb: 'list',
        resource: kinds[kind],
        namespace,
        query: token === undefined ? query : { ...query, continue: token },
      })) as Page;
      found.push(...(page.items ?? []).map((item) => revived(item) as T));
      token = page.metadata?.continue;
    } while (token !== undefined && token !== '');
    return found;
  }

  async create(object: KubernetesObject): Promise<'created' | 'exists'> {
    const { resource, namespace } = placeOf(object);
    try {
      await this.#change({
        verb: 'create',
        resource,
        namespace,
        query: { fieldManager: APPLIER },
        body: object,
      });
      return 'created';
    } catch (error) {
      if (error instanceof AlreadyExistsError) return 'exists';
      throw error;
    }
  }

  async apply(
    object: KubernetesObject,
    owner: V1OwnerReference,
    read?: KubernetesObject,
  ): Promise<'unchanged' | 'changed'> {
    const { kind, resource, namespace, name } = placeOf(object);
    if (read !== undefined && this.#applied.isInForce(object, owner, read)) return 'unchanged';
    let live = await this.get(kind, namespace, name);
    if (live === undefined) {
      if ((await this.create(object)) === 'created') return 'changed';
      live = await this.get(kind, namespace, name);
      const asked = { verb: 'apply', what: `${kind} ${namespace}/${name}` };
      const gone = { code: 409, reason: 'Conflict', message: 'it came and went' };
      if (live === undefined) throw new ConflictError(asked, gone);
    }
    refuseForeign(live, owner);
    if (this.#applied.isInForce(object, owner, live)) return 'unchanged';
    const uid = live.metadata?.uid;
    const query = { fieldManager: APPLIER, force: 'true' };
    await this.#adoptFields(live);
    const answer = await this.#change({
      verb: 'patch',
      resource,
      namespace,
      name,
      query,
      contentType: PatchStrategy.ServerSideApply,
      // Of another object with that name, the uid differs.
      body: { ...object, metadata: { ...object.metadata, uid } },
    });
    const applied = withoutBooks(revived(answer));
    this.#applied.note(object, owner, applied);
    return isDeepStrictEqual(withoutBooks(live), applied) ? 'unchanged' : 'changed';
  }

  async patch(
    kind: ObjectKind,
    namespace: string,
    name: string,
    mergePatch: object,
    preconditions: Preconditions,
  ): Promise<void> {
    const { metadata } = mergePatch as KubernetesObject;
    await this.#change({
      verb: 'patch',
      resource: kinds[kind],
      namespace,
      name,
      query: { fieldManager: PATCHER },
      contentType: PatchStrategy.MergePatch,
      body: { ...mergePatch, metadata: { ...metadata, ...preconditions } },
    });
  }

  async remove(
    kind: ObjectKind,
    namespace: string,
    name: string,
    uid: string,
    resourceVersion?: string,
  ): Promise<void> {
    const preconditions = { uid, ...(resourceVersion !== undefined && { resourceVersion }) };
    try {
      await this.#change({
        verb: 'delete',
        resource: kinds[kind],
        namespace,
        name,
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions,
          // Members outlive the StatefulSet that made them: another one takes them over.
          propagationPolicy: kind === 'StatefulSet' ? 'Orphan' : 'Background',
        },
      });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  /** What the status does not have any more is removed. */
  async writeStatus(cluster: PaxosCluster, status: PaxosClusterStatus): Promise<void> {
    const { apiVersion, kind, metadata } = cluster;
    const { namespace, name, uid, resourceVersion } = metadata;
    await this.#change({
      verb: 'patch',
      resource: kinds.PaxosCluster,
      namespace,
      name,
      subresource: 'status',
      query: { fieldManager: APPLIER, force: 'true' },
      contentType: PatchStrategy.ServerSideApply,
      body: { apiVersion, kind, metadata: { namespace, name, uid, resourceVersion }, status },
    });
  }

  async warnings(namespace: string, uid: string): Promise<readonly Warning[]> {
    const page = (await this.#send({
      verb: 'list',
      resource: coreEvents,
      namespace,
      query: { fieldSelector: `involvedObject.uid=${uid},type=Warning`, limit: String(PAGE) },
    })) as { readonly items?: readonly CoreV1Event[] };
    return [...(page.items ?? [])]
      .sort((a, b) => lastSeen(a) - lastSeen(b))
      .map(({ reason = '', message = '' }) => ({ reason, message }));
  }

  /** There is no such cluster any more. */
  forget(namespace: string, name: string): void {
    this.#applied.forget(namespace, name);
  }

  /**
   * Fields of what was created belong to the creation, and applying would never remove them: from
   * now on they count as applied.
   */
  async #adoptFields(live: KubernetesObject): Promise<void> {
    const { managedFields = [], uid, resourceVersion } = live.metadata ?? {};
    const isOurs = ({ manager, operation, subresource }: V1ManagedFieldsEntry): boolean =>
      manager === APPLIER && operation === 'Update' && subresource === undefined;
    const isApplied = managedFields.some(
      ({ manager, operation }) => manager === APPLIER && operation === 'Apply',
    );
    if (isApplied || !managedFields.some(isOurs)) return;
    const adopted = managedFields.map((entry) =>
      isOurs(entry) ? { ...entry, operation: 'Apply' } : entry,
    );
    const { resource, namespace, name } = placeOf(live);
    await this.#change({
      verb: 'patch',
      resource,
      namespace,
      name,
      query: { fieldManager: PATCHER },
      contentType: PatchStrategy.MergePatch,
      body: { metadata: { uid, resourceVersion, managedFields: adopted } },
    });
  }

  /** @throws NotLeadingError */
  #change(request: ApiRequest): Promise<unknown> {
    if (!this.#term.isHeld()) {
      const { verb, resource, namespace, name = '' } = request;
      throw new NotLeadingError({ verb, what: `${resource.kind} ${namespace}/${name}` });
    }
    return this.#send(request);
  }

  #send(request: ApiRequest): Promise<unknown> {
    return this.#client.send({ ...request, signal: this.#term.signal });
  }
}

function placeOf({ kind, metadata }: KubernetesObject) {
  if (!isObjectKind(kind)) throw new TypeError(`${kind ?? 'no kind'} is not a kind known here`);
  const { namespace = '', name = '' } = metadata ?? {};
  return { kind, resource: kinds[kind], namespace, name };
}

function refuseForeign({ kind, metadata }: KubernetesObject, owner: V1OwnerReference): void {
  const controller = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (controller?.uid === owner.uid) return;
  const what = `${kind ?? ''} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
  const holder =
    controller === undefined
      ? `${owner.kind} ${owner.name} did not make it`
      : `it belongs to ${controller.kind} ${controller.name} of uid ${controller.uid}, ` +
        `and not to ${owner.kind} ${owner.name} of uid ${owner.uid}`;
  throw new ForeignObjectError(what, holder);
}

/** Metadata has its times as `Date`, like the types of it. */
function revived(json: unknown): KubernetesObject {
  const object = json as KubernetesObject;
  const { metadata } = object;
  for (const key of ['creationTimestamp', 'deletionTimestamp'] as const) {
    const text: unknown = metadata?.[key];
    if (metadata !== undefined && typeof text === 'string') metadata[key] = new Date(text);
  }
  return object;
}

function lastSeen({ series, lastTimestamp, eventTime, metadata }: CoreV1Event): number {
  const times: unknown[] = [series?.lastObservedTime, lastTimestamp, eventTime];
  const found = times.find((time) => typeof time === 'string') ?? metadata.creationTimestamp;
  return typeof found === 'string' ? Date.parse(found) : 0;
}
