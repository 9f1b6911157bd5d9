import type { SynodClient } from '../../../client/src/client.ts';

/** A cluster of the counter machine, as an experiment may treat it. */
export interface Target {
  /** Of its members. */
  readonly names: readonly string[];
  readonly client: SynodClient;
  /** Kills a member, as a crash would; or all of these at once. */
  kill(names: readonly string[]): Promise<void>;
  /** Stops a member in order. */
  stop(name: string): Promise<void>;
  /** Starts a member again. */
  start(name: string): Promise<void>;
  /** Stops the process of a member where it is (SIGSTOP), or of NATS. */
  pause(name: string): void;
  /** It goes on. */
  resume(name: string): void;
  /** What is amiss, in a sentence; nothing while all members are well and serve. */
  ailment(): Promise<string | undefined>;
}

/** What `pause` and `resume` call the NATS server. */
export const NATS = 'nats';
