import { AtRest, type AtRestOptions } from '../../../../operator/src/at-rest.ts';
import type { ReconcileResult } from '../../../../operator/src/ports.ts';

/** Of the only cluster. */
const KEY = 'n/c';

/** An operator as operator.ts makes it, without its queue: somebody else says when it looks. */
export class ModelOperator {
  readonly #options: AtRestOptions;
  #atRest: AtRest;
  /** Whether the last time it did look at everything. */
  hasLooked = false;
  /** Since it did, something has changed of which nobody tells it. */
  isBehind = false;

  constructor({ look, glance, clock }: AtRestOptions) {
    const looks = (key: string): Promise<ReconcileResult> => {
      this.hasLooked = true;
      this.isBehind = false;
      return look(key);
    };
    this.#options = { look: looks, glance, clock };
    this.#atRest = new AtRest(this.#options);
  }

  async look(): Promise<ReconcileResult> {
    this.hasLooked = false;
    return this.#atRest.look(KEY);
  }

  changed(): void {
    this.#atRest.changed(KEY);
  }

  forget(): void {
    this.#atRest.forget(KEY);
  }

  /** Its process ends, and another one begins. */
  restart(): void {
    this.#atRest = new AtRest(this.#options);
  }
}
