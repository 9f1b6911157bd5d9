#!/usr/bin/env node
import { exitCodes } from '../../contract/src/error-codes.ts';
import { FolderError } from '../../host/src/folder.ts';
import { exitCodeOf, sentenceOf } from './ending.ts';
import { createLogger } from '../../host/src/logger.ts';
import { tryMember, UnknownMachineError } from './service/trial-member.ts';
import { DamageError } from './storage/damage.ts';

/*
 * node trial.js <folder>: a throw-away member begins with the snapshot in a data folder. It prints
 * the snapshot's hash when all is well; else a sentence to standard error, and its exit code says
 * which kind of trouble it is. The folder is removed by whoever made it.
 */

function end(error: unknown): never {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exit(codeOf(error));
}

/** A folder that cannot be made is no fault of the snapshot's: a full disk, say. */
function codeOf(error: unknown): number {
  if (error instanceof FolderError) return exitCodes.io;
  const isRefused = error instanceof DamageError || error instanceof UnknownMachineError;
  return isRefused ? exitCodes.dataRefused : exitCodeOf(error);
}

process.on('uncaughtException', end);
process.on('unhandledRejection', end);
// Whoever started it has gone, and takes no answer any more.
process.on('disconnect', () => process.exit(exitCodes.failed));

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('Name the data folder with the snapshot: node trial.js <folder>\n');
  process.exit(exitCodes.usage);
}
const log = createLogger('silent', { name: 'trial' });
const { hash } = await tryMember(folder, log).catch(end);
process.stdout.write(hash, () => process.exit(exitCodes.ok));
