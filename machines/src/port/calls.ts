import type { Consistency } from '../../../contract/src/read-request.ts';

/** What a cluster answered: the results of the operations, in their order. */
export interface Answer {
  /** In which the last of them ran; of reads, the last slot that was applied. */
  readonly slot: number;
  readonly results: readonly Uint8Array[];
}

export interface ReadOptions {
  /**
   * What the read has to have seen; `linearizable` without it: all that was answered to anybody
   * before it. Any member answers, without the leader and without the log (PMMC 4.5).
   */
  readonly consistency?: Consistency;
}

/** A client's way to the cluster: what the calls of a machine are made of. */
export interface CommandPort {
  /** Proposes operations; they run in order, each exactly once. */
  propose(operations: readonly Uint8Array[]): Promise<Answer>;
  /** Asks a member; what it reads is in no log, and is not stored. */
  read(operations: readonly Uint8Array[], options?: ReadOptions): Promise<Answer>;
}

/** What an application calls of a machine: `synod.machine(chatLog)` gives its `Calls`. */
export interface MachineCalls<Calls> {
  readonly over: (port: CommandPort) => Calls;
}
