import type { FirstConfiguration } from './first-configuration.ts';
import { commonMachine } from './machine-version.ts';
import { commonSnapshot } from './snapshot.ts';
import type { MemberStatus } from './status.ts';

type Blank = Pick<MemberStatus, 'name' | 'machine' | 'newestMachineVersion' | 'snapshot'>;

/**
 * What a cluster of members that were told nothing yet begins with, beside their ids. What was
 * restored names its machine: it goes on in the version that was in force there.
 * @returns a sentence when they do not fit together
 */
export function beginningOf(
  members: readonly Blank[],
): Pick<FirstConfiguration, 'machine' | 'snapshot'> | string {
  const held = commonSnapshot(members);
  if (typeof held === 'string') return held;
  const common = commonMachine(members);
  if (typeof common === 'string') return common;
  if (held === undefined) return common === undefined ? {} : { machine: common };
  const { slot, hash, machine } = held;
  return { machine, snapshot: { slot, hash } };
}
