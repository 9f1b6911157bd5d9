import { isObject } from './json-object.ts';

/** The state machine of a cluster, and which version of it decides what a command does. */
export interface MachineVersion {
  readonly name: string;
  /** From 1 on. */
  readonly version: number;
}

/** Whoever is told another machine says its name, in its log, too. */
const LONGEST_NAME = 64;

/** The version of every machine before versions were written down. */
export const FIRST_VERSION = 1;

export function isMachineVersion(value: unknown): value is MachineVersion {
  if (!isObject(value)) return false;
  const { name, version } = value;
  const isName = typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME;
  return isName && Number.isSafeInteger(version) && Number(version) >= 1;
}

/** What a member says that was told nothing yet. */
interface Blank {
  readonly name: string;
  readonly machine: string;
  readonly newestMachineVersion: number;
}

/**
 * The machine of a cluster that begins with these members, in the newest version that all have.
 * @returns `undefined` when one of them is of an older Synod, which does not say it; or a sentence
 *   when they have different machines
 */
export function commonMachine(members: readonly Blank[]): MachineVersion | string | undefined {
  const [first] = members;
  if (first === undefined) return undefined;
  const { name, machine } = first;
  const other = members.find((member) => member.machine !== machine);
  if (other !== undefined) {
    return (
      `${name} was started with --machine ${machine}, and ${other.name} with ` +
      `--machine ${other.machine}. Start all members of a cluster with the same one.`
    );
  }
  const version = Math.min(...members.map(({ newestMachineVersion: newest }) => newest));
  return version < FIRST_VERSION ? undefined : { name: machine, version };
}
