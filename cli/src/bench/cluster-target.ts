import type { SynodClient } from '../../../client/src/client.ts';
import { machines } from '../../../machines/src/machines.ts';
import type { MachineName } from '../../../machines/src/names.ts';
import type { Target } from './load.ts';

export const COMMAND_BYTES = 256;

/** A cluster under load: commands of 256 bytes, none without an effect. */
export function clusterTarget(machine: MachineName, client: SynodClient): Target {
  const operation = machines[machine].loads.writes(COMMAND_BYTES);
  return {
    name: machine,
    request: (number, packing) =>
      client.propose(Array.from({ length: packing }, () => operation(number))),
  };
}

/** Linearizable reads at a quorum, which are in no log; none where the machine has no such load. */
export function readTargets(machine: MachineName, client: SynodClient): Target[] {
  const operation = machines[machine].loads.reads?.();
  if (operation === undefined) return [];
  const request = (number: number) => client.read([operation(number)]);
  return [{ name: `${machine}, reads`, isSingle: true, request }];
}
