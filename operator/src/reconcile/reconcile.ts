import type { Ports, ReconcileResult } from './ports.ts';

/** Looks whether the cluster is there. */
export function makeReconcile({ objects }: Ports) {
  return async (key: {
    readonly namespace: string;
    readonly name: string;
  }): Promise<ReconcileResult> => {
    await objects.get('PaxosCluster', key.namespace, key.name);
    return {};
  };
}
