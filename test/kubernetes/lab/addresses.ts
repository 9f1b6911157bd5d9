/** Everything has its place in 10.200.0.0/24; pods have a range for each worker. */
export const CONTROL_PLANE = 'control-plane';
export const WORKERS = ['worker-1', 'worker-2', 'worker-3'] as const;
export type Worker = (typeof WORKERS)[number];

export const NODE_PREFIX = 24;
export const CONTROL_PLANE_ADDRESS = '10.200.0.1';
export const HOST_ADDRESS = '10.200.0.254';
export const API_SERVER = `https://${CONTROL_PLANE_ADDRESS}:6443`;
export const SERVICE_RANGE = '10.96.0.0/16';
/** The API server's own Service: the first address of that range. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const DNS_ADDRESS = '10.96.0.10';
/** Holds the range of every worker. */
export const POD_RANGE = '10.240.0.0/14';

/** Its number, from 1. */
export function numberOf(worker: Worker): number {
  return WORKERS.indexOf(worker) + 1;
}

export function addressOf(worker: Worker): string {
  return `10.200.0.${1 + numberOf(worker)}`;
}

export function podRangeOf(worker: Worker): string {
  return `10.${240 + numberOf(worker)}.0.0/16`;
}

/** What a pod speaks to first, and what its worker's probes come from. */
export function podGatewayOf(worker: Worker): string {
  return `10.${240 + numberOf(worker)}.0.1`;
}
