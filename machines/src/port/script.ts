/** What a master's script does with a machine: its messages, and the log that it gets. */
export interface ScriptOperations {
  /** The operation of `msg <id> <text>`. */
  message(id: number, text: string): Uint8Array;
  /** The id of the message whose operation that is; `undefined` of all others. */
  idOf(operation: Uint8Array): number | undefined;
  /** What `get chatLog` shows. @param query answers a read from what is applied */
  log(query: (read: Uint8Array) => Uint8Array): string[];
}
