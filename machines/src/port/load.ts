/** Makes one operation of a load, for the client of that number. */
export type Load = (client: number) => Uint8Array;

/** What a machine is measured with. */
export interface Loads {
  /** Operations of `bytes` bytes, none without an effect, whatever other loads there are. */
  readonly writes: (bytes: number) => Load;
  /** Reads of what those wrote, where there is something that each client has of its own. */
  readonly reads?: () => Load;
}
