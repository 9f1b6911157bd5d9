import { isDeepStrictEqual } from 'node:util';
import type { PaxosCluster } from './api/paxos-cluster.ts';
import type { Figure } from './api/status.ts';
import { ConflictError } from './kube/api-error.ts';
import type { Objects } from './ports.ts';

interface ClusterName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Writes down what members said of their logs, in the status of their cluster: the next operator
 * reads it there. Where nobody writes, nothing changes. A look at the cluster writes it, too; but
 * where a glance is enough nobody looks.
 */
export class FigureKeeper {
  readonly #objects: Pick<Objects, 'get' | 'writeStatus'>;
  readonly #figuresOf: (cluster: ClusterName) => readonly Figure[];
  readonly #kept = new Map<string, readonly Figure[]>();

  constructor(
    objects: Pick<Objects, 'get' | 'writeStatus'>,
    figuresOf: (cluster: ClusterName) => readonly Figure[],
  ) {
    this.#objects = objects;
    this.#figuresOf = figuresOf;
  }

  async keep(cluster: ClusterName): Promise<void> {
    const key = keyOf(cluster);
    const figures = this.#figuresOf(cluster);
    if (figures.length === 0 || isDeepStrictEqual(this.#kept.get(key), figures)) return;
    const { namespace, name } = cluster;
    const live = await this.#objects.get<PaxosCluster>('PaxosCluster', namespace, name);
    if (live === undefined) return;
    const { witness } = live.status ?? {};
    const isThere = isDeepStrictEqual(witness, figures) || (await this.#write(live, figures));
    if (isThere) this.#kept.set(key, figures);
  }

  /** @returns `false` when somebody else was quicker: there is a next time */
  async #write(live: PaxosCluster, figures: readonly Figure[]): Promise<boolean> {
    try {
      await this.#objects.writeStatus(live, { ...live.status, witness: [...figures] });
      return true;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return false;
    }
  }

  /** Of a cluster that is gone. */
  forget(cluster: ClusterName): void {
    this.#kept.delete(keyOf(cluster));
  }
}

function keyOf({ namespace, name }: ClusterName): string {
  return `${namespace}/${name}`;
}
