import { createHash, randomBytes } from 'node:crypto';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import {
  parseSnapshotAnswer,
  type SnapshotPart,
  type SnapshotRequest,
} from '../../contract/src/snapshot.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

export type { SnapshotPart };

export interface SnapshotOptions {
  /**
   * The state as the member has it, also where no quorum answers; without it, it has all that was
   * answered to anybody before.
   */
  readonly local?: boolean;
  /** So long nothing may come; default 10 s. */
  readonly silenceMs?: number;
}

/** Who asks a member for one part. */
export interface PartSource {
  snapshotPart(member: string, request: SnapshotRequest, timeout: number): Promise<SnapshotPart>;
}

const ID_BYTES = 16;
/** After that a part is asked for again: the first one waits for a quorum, and for the disk. */
const AGAIN_MS = 1_000;
const FIRST_AGAIN_MS = 7_000;

/** What another request for the same part may overcome. */
const transient: ReadonlySet<ErrorCode> = new Set(['TIMED_OUT']);

/**
 * A snapshot of one member's state: the bytes of its file, part after part, while the member goes
 * on. Each part is checked; nothing of it counts before the last one is here.
 * @throws SynodError `SNAPSHOT_GONE`, `SNAPSHOT_BUSY`, `NOT_SERVING`, `DAMAGED`, `GARBLED`, or
 * `TIMED_OUT` and `NO_MEMBER` when the member is silent: begin anew, or with another member
 */
export async function* snapshotOf(
  source: PartSource,
  member: string,
  { local = false, silenceMs = 10_000 }: SnapshotOptions,
): AsyncGenerator<SnapshotPart, void> {
  const id = randomBytes(ID_BYTES).toString('hex');
  const hash = createHash('sha256');
  for (let at = 0; ; at++) {
    const part = await ask(source, member, { id, at, local }, silenceMs);
    if (hash.update(part.bytes).copy().digest('hex') !== part.digest) {
      throw new SynodError('GARBLED', { detail: `part ${at} of the snapshot` });
    }
    yield part;
    if (part.isLast) return;
  }
}

async function ask(
  source: PartSource,
  member: string,
  request: SnapshotRequest,
  silenceMs: number,
): Promise<SnapshotPart> {
  const deadline = performance.now() + silenceMs;
  const again = request.at === 0 ? FIRST_AGAIN_MS : AGAIN_MS;
  for (;;) {
    const left = deadline - performance.now();
    try {
      return await source.snapshotPart(member, request, Math.min(again, Math.max(1, left)));
    } catch (error) {
      const isTransient = error instanceof SynodError && transient.has(error.code);
      if (!isTransient || performance.now() >= deadline) throw error;
    }
  }
}

/** Of an answer as it came. @throws SynodError */
export function partOf(bytes: Uint8Array, at: number, member: string): SnapshotPart {
  const answer = parseSnapshotAnswer(bytes);
  if (answer === undefined) throw new SynodError('MALFORMED', { detail: 'a part of a snapshot' });
  if (!answer.ok) throw new SynodError(answer.code, { detail: member });
  if (answer.part.at !== at) throw new SynodError('MALFORMED', { detail: `part ${at}` });
  return answer.part;
}
