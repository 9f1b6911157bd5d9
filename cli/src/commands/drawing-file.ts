import fs from 'node:fs';
import path from 'node:path';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from './command-error.ts';

/**
 * Looked at before anything is measured, which takes long.
 * @throws CommandError when a drawing cannot be written there
 */
export function checkDrawing(file: string): void {
  const folder = path.dirname(path.resolve(file));
  try {
    fs.accessSync(folder, fs.constants.W_OK);
  } catch {
    throw new CommandError(`${file} cannot be written: see ${folder}.`, exitCodes.usage);
  }
}
