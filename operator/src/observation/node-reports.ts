import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { isForbidden } from './api-problem.ts';
import type { Objects } from '../ports.ts';

/**
 * Whether the kubelet of the pod's node reports: one that does not can't stop a container, nor has
 * it seen lately whether one runs. Whoever may not look at nodes takes it for granted.
 */
export async function nodeReports(objects: Objects, pod: V1Pod | undefined): Promise<boolean> {
  const name = pod?.spec?.nodeName;
  if (name === undefined) return false;
  try {
    const node = await objects.get<V1Node>('Node', '', name);
    const conditions = node?.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}
