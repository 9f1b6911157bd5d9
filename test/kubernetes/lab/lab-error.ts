/** What whoever runs the lab can do something about; its message is one sentence. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
