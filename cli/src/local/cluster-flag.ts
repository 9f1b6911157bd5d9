import { DEFAULT_CLUSTER } from '../../../contract/src/subjects.ts';

/** What a command that is shown to a person has to have behind it, to mean this cluster. */
export function clusterFlag(cluster: string): string {
  return cluster === DEFAULT_CLUSTER ? '' : ` --cluster ${cluster}`;
}
