import type { Bytes, Tables } from './tables.ts';

/** What a machine may know besides its tables: the same on every member. */
export interface ApplyContext {
  readonly slot: number;
  /** Of the machine: what a command does in a slot stays what it did there first. */
  readonly version: number;
}

/**
 * A deterministic state machine over ordered tables. It has no clock and no randomness, and keeps
 * nothing outside its tables: every member that applied the same slots holds the same tables.
 */
export interface StateMachine {
  readonly name: string;
  /**
   * The newest version that there is of `apply`, from 1 on. It goes up whenever the same commands
   * would come to other tables or results, and `apply` can do what each earlier version did.
   */
  readonly version: number;
  /**
   * The first version in which what makes the tables larger is refused over the quota, and so is a
   * command with many reads.
   */
  readonly boundsSince: number;
  /** Every table that it uses. `sessions` is not for machines. */
  readonly tables: readonly string[];
  /**
   * Runs one operation.
   * @param operation as a client sent it; anything that does not parse must yield a result too
   * @returns the result for the client, encoded; nobody changes it afterwards
   */
  apply(tables: Tables, operation: Bytes, context: ApplyContext): Bytes;
  /** Whether an operation changes no table: clients that may not write may send it. */
  isRead(operation: Bytes): boolean;
  /** Whether an operation may make the tables larger: over its quota, a cluster refuses it. */
  grows(operation: Bytes): boolean;
  /** Answers a read from the tables, without changing them. */
  query(tables: Tables, read: Bytes): Bytes;
}
