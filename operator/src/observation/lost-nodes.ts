import type {
  V1Node,
  V1NodeSelectorRequirement,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
} from '@kubernetes/client-node';
import { isForbidden } from './api-problem.ts';
import type { Objects } from '../ports.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/**
 * Whether a volume that only some nodes can use has lost all of them. One that can move goes on
 * elsewhere, and is not lost with its node.
 * @returns why it is lost
 */
export async function lostWithNode(
  objects: Objects,
  claim: V1PersistentVolumeClaim | undefined,
): Promise<string | undefined> {
  const name = claim?.spec?.volumeName;
  if (name === undefined) return undefined;
  try {
    const volume = await objects.get<V1PersistentVolume>('PersistentVolume', '', name);
    const fates = await Promise.all(hostsOf(volume).map((host) => fateOf(objects, host)));
    return fates.every((fate) => fate !== undefined) ? fates[0] : undefined;
  } catch (error) {
    // Whoever may not look at nodes can't know that one is gone.
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The nodes that a volume is bound to; none when it can move. */
function hostsOf(volume: V1PersistentVolume | undefined): readonly string[] {
  const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const hosts = terms.map(({ matchExpressions = [] }) => matchExpressions.find(namesHosts)?.values);
  // Terms are alternatives: one that names no host leaves the volume free to move.
  return hosts.every((each) => each !== undefined) ? hosts.flat() : [];
}

function namesHosts({ key, operator }: V1NodeSelectorRequirement): boolean {
  return key === HOSTNAME && operator === 'In';
}

async function fateOf(objects: Objects, host: string): Promise<string | undefined> {
  const nodes = await objects.list<V1Node>('Node', '', { [HOSTNAME]: host });
  if (nodes.length === 0) return `its node ${host} is gone`;
  const isOut = nodes.every(({ spec }) => spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE));
  return isOut ? `its node ${host} is out of service for good` : undefined;
}
