import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import {
  SnapshotError,
  verifySnapshot,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import type { MemberRole, MemberStatus } from '../../../contract/src/status.ts';
import type { Admin } from '../../../client/src/admin.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { InterruptedError } from './interrupted-error.ts';
import { UnfinishedFile } from './unfinished-file.ts';

export interface SaveOptions {
  readonly file: string;
  /** Another file of that name is lost. */
  readonly force: boolean;
  /** Only this member is asked: its id. */
  readonly member?: string;
  /** See `SnapshotOptions`. */
  readonly local: boolean;
  /** It fails when nothing has come for so long, of whichever member. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** @param of what it most likely comes to */
  readonly progress: (bytes: number, of: number) => void;
  /** Told why it begins anew. */
  readonly say: (what: string) => void;
  /** What else is asked of it, before its file has its name: it throws when that fails. */
  readonly check?: (file: string) => Promise<void>;
}

const STATUS_MS = 1_000;
const SILENCE_MS = 10_000;
const AGAIN_MS = 250;
/** So often something comes and nothing becomes of it. */
const ATTEMPTS = 8;

/** What another member, or another try, does not change. */
const final: ReadonlySet<ErrorCode> = new Set([
  'NOT_ALLOWED',
  'NOT_ADMITTED',
  'MALFORMED',
  'ANSWER_TOO_LARGE',
]);

/** Who leads has enough to do. */
const order: readonly MemberRole[] = ['follower', 'learner', 'leader'];

/** What is asked of the cluster here. */
type SavingAdmin = Pick<Admin, 'status' | 'snapshot'>;

/**
 * Saves a snapshot of a cluster, which goes on, to a file: of whichever member gives it, rather of
 * one that does not lead. When one goes, it begins anew with another one. The file has its name
 * only when all of it is there, durable, and read and checked once more.
 * @throws SynodError of the last try; FileExistsError; InterruptedError; what the system says, or
 * what `check` throws.
 * Then there is no file.
 */
export async function saveSnapshot(admin: SavingAdmin, options: SaveOptions): Promise<Snapshot> {
  const file = new UnfinishedFile(options.file, options.force);
  try {
    const snapshot = await new Saving(admin, options, file).run();
    await options.check?.(file.path);
    file.finish(options.force);
    return snapshot;
  } finally {
    file.remove();
  }
}

class Saving {
  readonly #admin: SavingAdmin;
  readonly #options: SaveOptions;
  readonly #file: UnfinishedFile;
  /** Members, and how often nothing came of it. */
  readonly #failures = new Map<string, number>();
  #cameAt = performance.now();
  #begun = 0;

  constructor(admin: SavingAdmin, options: SaveOptions, file: UnfinishedFile) {
    this.#admin = admin;
    this.#options = options;
    this.#file = file;
  }

  async run(): Promise<Snapshot> {
    let last = new SynodError('NO_MEMBER');
    for (;;) {
      const source = await this.#source();
      if (source !== undefined) {
        try {
          return await this.#saveFrom(source);
        } catch (error) {
          last = failureOf(error);
          if (final.has(last.code)) throw last;
          this.#failures.set(source.member, (this.#failures.get(source.member) ?? 0) + 1);
        }
      }
      const isLate = performance.now() - this.#cameAt >= this.#options.timeoutMs;
      if (isLate || this.#begun >= ATTEMPTS) throw last;
      if (source !== undefined) this.#options.say(`${source.name}: ${last.message} Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** Whoever failed least often, and then who has least to do; `undefined` when none answers. */
  async #source(): Promise<MemberStatus | undefined> {
    this.#checkSignal();
    const { member: wanted } = this.#options;
    const found = await this.#admin.status({ waitMs: STATUS_MS, enough: isWhole(wanted) });
    const ids = new Set(found.flatMap(({ clusterId }) => clusterId ?? []));
    if (ids.size > 1) throw new SynodError('TWO_CLUSTERS', { detail: [...ids].join(', ') });
    const fit = found.filter(({ member, role }) =>
      wanted === undefined ? order.includes(role) : member === wanted,
    );
    const rank = ({ member, role, ready }: MemberStatus): number =>
      100 * (this.#failures.get(member) ?? 0) + (ready ? 0 : 10) + order.indexOf(role);
    return fit.sort((a, b) => rank(a) - rank(b))[0];
  }

  async #saveFrom({ member }: MemberStatus): Promise<Snapshot> {
    const { local, timeoutMs, progress } = this.#options;
    const silenceMs = Math.min(SILENCE_MS, timeoutMs);
    this.#file.begin();
    let bytes = 0;
    for await (const part of this.#admin.snapshot(member, { local, silenceMs })) {
      this.#checkSignal();
      this.#cameAt = performance.now();
      if (part.at === 0) this.#begun += 1;
      this.#file.write(part.bytes);
      bytes += part.bytes.length;
      const share = part.isLast || part.entries === 0 ? 1 : part.of / part.entries;
      progress(bytes, Math.round(bytes * share));
    }
    this.#file.sync();
    return verifySnapshot(this.#file.path);
  }

  #checkSignal(): void {
    if (this.#options.signal.aborted) throw new InterruptedError();
  }
}

/** Everybody whom somebody names has answered, or the one that is wanted. */
function isWhole(wanted: string | undefined): (found: readonly MemberStatus[]) => boolean {
  return (found) => {
    const known = wanted === undefined ? found.flatMap(({ voters }) => voters) : [wanted];
    return known.every((id) => found.some(({ member }) => member === id)) && known.length > 0;
  };
}

/** @throws what is no failure of a member */
function failureOf(error: unknown): SynodError {
  if (error instanceof SynodError) return error;
  if (error instanceof SnapshotError) {
    return new SynodError('GARBLED', { detail: error.message, cause: error });
  }
  throw error;
}
