import type { V1Lease } from '@kubernetes/client-node';
import { NotFoundError } from './api-error.ts';
import type { Client } from './client.ts';
import { leases } from './kinds.ts';
import type { LeaseObject, LeaseSpec } from './lease.ts';

/** A leader has time for more than one attempt to renew. */
const DEADLINE_MS = 4_000;

/** A Lease at the API server. */
export class ApiLease implements LeaseObject {
  readonly #client: Client;
  readonly #place: { readonly namespace: string; readonly name: string };

  constructor(client: Client, namespace: string, name: string) {
    this.#client = client;
    this.#place = { namespace, name };
  }

  async read(): Promise<V1Lease | undefined> {
    try {
      const request = { verb: 'get', resource: leases, ...this.#place } as const;
      return (await this.#client.send({ ...request, deadlineMs: DEADLINE_MS })) as V1Lease;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async create(spec: LeaseSpec): Promise<V1Lease> {
    const { apiVersion, kind } = leases;
    const { namespace } = this.#place;
    return (await this.#client.send({
      verb: 'create',
      resource: leases,
      namespace,
      body: { apiVersion, kind, metadata: { ...this.#place }, spec },
      deadlineMs: DEADLINE_MS,
    })) as V1Lease;
  }

  async update(lease: V1Lease, spec: LeaseSpec): Promise<V1Lease> {
    return (await this.#client.send({
      verb: 'update',
      resource: leases,
      ...this.#place,
      body: { ...lease, spec },
      deadlineMs: DEADLINE_MS,
    })) as V1Lease;
  }
}
