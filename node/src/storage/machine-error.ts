import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { MachineVersion } from '../../../contract/src/machine-version.ts';

/** What was decided means nothing to this process, which has another machine, or an older one. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
  readonly code: ErrorCode & ('ANOTHER_MACHINE' | 'OLD_MACHINE');

  private constructor(code: MachineError['code'], message: string) {
    super(message);
    this.code = code;
  }

  static another(found: string, started: string): MachineError {
    return new MachineError(
      'ANOTHER_MACHINE',
      `The cluster's machine is ${found}, and this member was started with --machine ${started}. ` +
        `Start it with --machine ${found}, or choose another data folder.`,
    );
  }

  static old({ name, version }: MachineVersion, newest: number): MachineError {
    return new MachineError(
      'OLD_MACHINE',
      `Version ${version} of the machine ${name} is in force, and this member has it up to ` +
        `version ${newest}. Start a newer Synod on this data folder.`,
    );
  }
}

/**
 * Why a process cannot go on with what a machine has made; `undefined` when it can.
 * @param has the machine that it was started with, in its newest version
 */
export function machineErrorOf(
  found: MachineVersion,
  has: MachineVersion,
): MachineError | undefined {
  if (found.name !== has.name) return MachineError.another(found.name, has.name);
  return found.version > has.version ? MachineError.old(found, has.version) : undefined;
}
