/** What a person is told: one word, and a sentence. */
export interface Note {
  readonly reason: string;
  readonly message: string;
}
