import { constants } from 'node:os';
import { isNativeError } from 'node:util/types';

type Attempt = 'made' | 'opened' | 'read' | 'written' | 'synced' | 'removed' | 'renamed';

/** By what the system answered. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room on its disk',
  EDQUOT: 'Make room on its disk, or have the quota raised',
  EMFILE: 'Raise the limit of open files for the process (ulimit -n)',
  EACCES: 'Let this user read and write it (chown, chmod)',
  EPERM: 'Let this user read and write it (chown, chmod, chattr)',
  ELOOP: 'Mend the link',
  ENFILE: 'Raise the limit of open files of the whole system (fs.file-max)',
};

/**
 * Something that was asked of a file failed. It is never tried again: a second sync can succeed
 * while what the first one should have written is gone. The process ends, and the next one reads
 * what is there.
 */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly file: string;

  /** @param what was asked of the file, as a past participle */
  constructor(file: string, what: Attempt, cause: unknown) {
    const why = isNativeError(cause) ? cause.message : String(cause);
    const todo = remedyOf(cause) ?? 'Once the disk is well, start it again.';
    super(`${file} could not be ${what}: ${why}. ${todo}`, { cause });
    this.file = file;
  }
}

/** What a person has to do about an error of the system, in a sentence, where that is known. */
export function remedyOf(cause: unknown): string | undefined {
  const remedy = remedies[codeOf(cause) ?? ''];
  return remedy && `${remedy}, then start it again.`;
}

/** The name of an error of the system: LMDB gives its number. */
export function codeOf(cause: unknown): string | undefined {
  const code = isNativeError(cause) && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'string') return code;
  const named = Object.entries(constants.errno).find(([, number]) => number === code);
  return named?.[0];
}
