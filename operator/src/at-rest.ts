import type { MemberStatus } from '../../contract/src/status.ts';
import type { Clock } from './kube/clock.ts';
import { gistOf } from './observation/gist.ts';
import type { ObjectKind, ReconcileResult, Rest } from './ports.ts';

/** Beside the cluster itself, what belongs to it and is watched. */
export const followed: readonly ObjectKind[] = [
  'StatefulSet',
  'Pod',
  'PersistentVolumeClaim',
  'CronJob',
];

/** So old a look is too old: what nobody watches may have been changed. */
const LOOK_MS = 10 * 60_000;

/** Asks so many members of a cluster, and nobody else. @returns `undefined` when it can't */
export type Glance = (key: string, count: number) => Promise<readonly MemberStatus[] | undefined>;

export interface AtRestOptions {
  /** Looks at everything of a cluster, and does what is to be done. */
  readonly look: (key: string) => Promise<ReconcileResult>;
  readonly glance: Glance;
  readonly clock: Pick<Clock, 'now'>;
  /** Told of each glance that was enough. */
  readonly onRest?: () => void;
}

/**
 * Clusters at which the last look found nothing to do. As long as none of their objects changes and
 * their members say the same, a glance is enough: so many of them cost next to nothing.
 */
export class AtRest {
  readonly #options: AtRestOptions;
  readonly #known = new Map<string, Rest & { readonly since: number }>();
  readonly #changed = new Set<string>();

  constructor(options: AtRestOptions) {
    this.#options = options;
  }

  /** One of its objects changed. While it is being looked at, that look counts for nothing. */
  changed(key: string): void {
    this.#changed.add(key);
  }

  /** There is no such cluster any more. */
  forget(key: string): void {
    this.#known.delete(key);
    this.#changed.delete(key);
  }

  /** Looks at a cluster, unless another look would find what the last one found. */
  async look(key: string): Promise<ReconcileResult> {
    if (await this.#holds(key)) {
      this.#options.onRest?.();
      return {};
    }
    const result = await this.#options.look(key);
    const { rest } = result;
    if (rest !== undefined) this.#known.set(key, { ...rest, since: this.#options.clock.now() });
    return result;
  }

  async #holds(key: string): Promise<boolean> {
    const { glance, clock } = this.#options;
    const isChanged = this.#changed.delete(key);
    const rest = this.#known.get(key);
    this.#known.delete(key);
    if (isChanged || rest === undefined) return false;
    if (clock.now() - rest.since > LOOK_MS) return false;
    const said = await glance(key, rest.members);
    if (said === undefined || gistOf(said) !== rest.gist) return false;
    this.#known.set(key, rest);
    return true;
  }
}
