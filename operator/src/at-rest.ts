import type { MemberStatus } from '../../contract/src/status.ts';
import type { Clock } from './kube/clock.ts';
import { gistOf } from './reconcile/gist.ts';
import type { Rest } from './reconcile/ports.ts';

/** So old a look is too old: what nobody watches may have been changed. */
const LOOK_MS = 10 * 60_000;

/** Asks so many members of a cluster, and nobody else. @returns `undefined` when it can't */
export type Glance = (key: string, count: number) => Promise<readonly MemberStatus[] | undefined>;

/**
 * Clusters at which the last look found nothing to do. As long as none of their objects changes and
 * their members say the same, a glance is enough: so many of them cost next to nothing.
 */
export class AtRest {
  readonly #glance: Glance;
  readonly #clock: Clock;
  readonly #known = new Map<string, Rest & { readonly since: number }>();
  readonly #changed = new Set<string>();

  constructor(glance: Glance, clock: Clock) {
    this.#glance = glance;
    this.#clock = clock;
  }

  /** One of its objects changed. While it is being looked at, that look counts for nothing. */
  changed(key: string): void {
    this.#changed.add(key);
  }

  /** A look found nothing to do. */
  note(key: string, rest: Rest): void {
    this.#known.set(key, { ...rest, since: this.#clock.now() });
  }

  /** There is no such cluster any more. */
  forget(key: string): void {
    this.#known.delete(key);
    this.#changed.delete(key);
  }

  /** @returns whether another look would find what the last one found */
  async holds(key: string): Promise<boolean> {
    const isChanged = this.#changed.delete(key);
    const rest = this.#known.get(key);
    this.#known.delete(key);
    if (isChanged || rest === undefined) return false;
    if (this.#clock.now() - rest.since > LOOK_MS) return false;
    const said = await this.#glance(key, rest.members);
    if (said === undefined || gistOf(said) !== rest.gist) return false;
    this.#known.set(key, rest);
    return true;
  }
}
