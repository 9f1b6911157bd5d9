import type { Heard, Members, Objects } from '../reconcile/ports.ts';

export interface NatsMembersInit {
  readonly objects: Objects;
}

/** Hears nobody. */
export class NatsMembers implements Members {
  readonly init: NatsMembersInit;

  constructor(init: NatsMembersInit) {
    this.init = init;
  }

  look(): Promise<Heard> {
    const connection = { up: false, why: 'not connected yet' } as const;
    return Promise.resolve({ http: new Map(), nats: [], connection });
  }

  form(): Promise<void> {
    return Promise.reject(new Error('not connected yet'));
  }

  change(): Promise<never> {
    return Promise.reject(new Error('not connected yet'));
  }

  transfer(): Promise<void> {
    return Promise.reject(new Error('not connected yet'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
