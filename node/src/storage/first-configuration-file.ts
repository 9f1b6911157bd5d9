import path from 'node:path';
import {
  encodeFirstConfiguration,
  isSameFirstConfiguration,
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import { DamageError } from './damage.ts';
import { writeDurably } from './durable-file.ts';
import { isTaken, readSmall } from './regular-file.ts';
import { STATE_FILE } from './state-files.ts';

export const FIRST_CONFIGURATION = 'first-configuration.json';
/** With seven ids, and more room than they take. */
const MOST_BYTES = 64 * 1024;

/** The data folder has another first configuration: it is kept, and nothing is changed. */
export class AnotherClusterError extends Error {
  override readonly name = 'AnotherClusterError';

  constructor(folder: string, stored: FirstConfiguration, told: FirstConfiguration) {
    super(
      `${folder} is of ${sentence(stored)}, not of ${sentence(told)}. ` +
        'A member has one first configuration, for ever. Choose another data folder.',
    );
  }
}

function sentence({ clusterId, members, window }: FirstConfiguration): string {
  return `cluster ${clusterId} (members ${members.join(', ')}; WINDOW ${window})`;
}

/**
 * Reads what the member in this data folder was told.
 * @param hasRun it has: nobody runs who was not told
 * @returns `undefined` when it was not told yet
 * @throws DamageError when it is changed, or missing where it has to be
 */
export function readFirstConfiguration(
  folder: string,
  hasRun: boolean,
): FirstConfiguration | undefined {
  const file = path.join(folder, FIRST_CONFIGURATION);
  if (!isTaken(file)) {
    if (!hasRun && !isTaken(path.join(folder, STATE_FILE))) return undefined;
    throw new DamageError(FIRST_CONFIGURATION, 'the file', 'it is missing');
  }
  const first = parseFirstConfiguration(readSmall(file, MOST_BYTES));
  if (first === undefined)
    throw new DamageError(FIRST_CONFIGURATION, 'its text', 'its checksum does not match');
  return first;
}

/**
 * Stores what the member is told, for ever. The same again changes nothing.
 * @returns what is stored then
 * @throws AnotherClusterError, DamageError — then nothing was changed
 */
export function storeFirstConfiguration(
  folder: string,
  told: FirstConfiguration,
  hasRun: boolean,
): FirstConfiguration {
  const stored = readFirstConfiguration(folder, hasRun);
  if (stored === undefined) {
    writeDurably(path.join(folder, FIRST_CONFIGURATION), encodeFirstConfiguration(told));
    return told;
  }
  if (!isSameFirstConfiguration(stored, told)) throw new AnotherClusterError(folder, stored, told);
  return stored;
}
