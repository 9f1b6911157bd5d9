import { ApiException } from '@kubernetes/client-node';
import { exitCodes } from '../../../contract/src/error-codes.ts';

/** Runs a program of a hook: what it has to say of a failure is one line of the pod's log. */
export async function run(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    process.stderr.write(`${sentenceOf(error)}\n`);
    process.exitCode = exitCodes.failed;
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiException) {
    return `The API server refuses it, with ${error.code}: ${messageOf(error.body)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The API server answers with a Status. */
function messageOf(body: unknown): string {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    const isStatus = typeof status === 'object' && status !== null && 'message' in status;
    return isStatus ? String(status.message) : String(body);
  } catch {
    return String(body);
  }
}
