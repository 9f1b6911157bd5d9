/** One operation of a client: from its call to its return, in simulated milliseconds. */
export interface Operation<Input = unknown, Output = unknown> {
  readonly client: string;
  readonly input: Input;
  readonly calledAt: number;
  /** `undefined` while there is no reply: it may take effect at any later time, or never. */
  returnedAt?: number;
  output?: Output;
}
