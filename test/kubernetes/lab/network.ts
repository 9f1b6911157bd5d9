import { existsSync } from 'node:fs';
import {
  addressOf,
  CONTROL_PLANE,
  CONTROL_PLANE_ADDRESS,
  HOST_ADDRESS,
  NODE_PREFIX,
  podRangeOf,
  SERVICE_RANGE,
  WORKERS,
  type Worker,
} from './addresses.ts';
import { run, succeeds } from './command.ts';
import { LabError } from './lab-error.ts';

/** In the control plane's namespace: what everything is plugged into. */
const BRIDGE = 'lab';
/** The host's end of its wire into the lab. */
const HOST_WIRE = 'synod-lab';

export function networkNamespaceOf(machine: string): string {
  return `synod-lab-${machine}`;
}

/**
 * Makes the namespaces of all machines, the bridge, and the host's wire to it. No namespace has a
 * default route: a packet for an address outside the lab has nowhere to go.
 */
export async function ensureNetwork(): Promise<void> {
  await refuseTakenRanges();
  const center = networkNamespaceOf(CONTROL_PLANE);
  await ensureNamespace(center);
  if (!(await hasLink(center, BRIDGE))) await ip(center, 'link', 'add', BRIDGE, 'type', 'bridge');
  await ip(center, 'address', 'replace', `${CONTROL_PLANE_ADDRESS}/${NODE_PREFIX}`, 'dev', BRIDGE);
  await ip(center, 'link', 'set', BRIDGE, 'up');
  for (const worker of WORKERS) {
    await ensureWire(worker);
    await ip(center, 'route', 'replace', podRangeOf(worker), 'via', addressOf(worker));
  }
  await ensureHostWire(center);
}

/** Plugs a worker in; its routes lead to the pods of the others and to Services, nowhere else. */
async function ensureWire(worker: Worker): Promise<void> {
  const center = networkNamespaceOf(CONTROL_PLANE);
  const namespace = networkNamespaceOf(worker);
  await ensureNamespace(namespace);
  if (!(await hasLink(center, worker))) {
    const peer = ['peer', 'name', 'eth0', 'netns', namespace];
    await ip(center, 'link', 'add', worker, 'type', 'veth', ...peer);
  }
  await ip(center, 'link', 'set', worker, 'master', BRIDGE, 'up');
  await ip(namespace, 'address', 'replace', `${addressOf(worker)}/${NODE_PREFIX}`, 'dev', 'eth0');
  await ip(namespace, 'link', 'set', 'eth0', 'up');
  // kube-proxy sends packets for Services elsewhere, once they have a route.
  await ip(namespace, 'route', 'replace', SERVICE_RANGE, 'via', CONTROL_PLANE_ADDRESS);
  for (const other of WORKERS.filter((name) => name !== worker)) {
    await ip(namespace, 'route', 'replace', podRangeOf(other), 'via', addressOf(other));
  }
}

/** Takes a worker's cable out of the bridge, or puts it back. */
export async function setWire(worker: Worker, state: 'up' | 'down'): Promise<void> {
  await ip(networkNamespaceOf(CONTROL_PLANE), 'link', 'set', worker, state);
}

/** The host reaches the machines and the pods, and gives nothing on. */
async function ensureHostWire(center: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${HOST_WIRE}`)) {
    const peer = ['peer', 'name', 'host', 'netns', center];
    await run('ip', ['link', 'add', HOST_WIRE, 'type', 'veth', ...peer]);
  }
  await ip(center, 'link', 'set', 'host', 'master', BRIDGE, 'up');
  await run('ip', ['address', 'replace', `${HOST_ADDRESS}/${NODE_PREFIX}`, 'dev', HOST_WIRE]);
  await run('ip', ['link', 'set', HOST_WIRE, 'up']);
  for (const worker of WORKERS) {
    await run('ip', ['route', 'replace', podRangeOf(worker), 'via', addressOf(worker)]);
  }
}

/** Takes everything away again; a namespace goes when nothing runs in it any more. */
export async function removeNetwork(): Promise<void> {
  if (existsSync(`/sys/class/net/${HOST_WIRE}`)) await run('ip', ['link', 'delete', HOST_WIRE]);
  for (const machine of [...WORKERS, CONTROL_PLANE]) {
    const namespace = networkNamespaceOf(machine);
    if (existsSync(`/run/netns/${namespace}`)) await run('ip', ['netns', 'delete', namespace]);
  }
}

async function ensureNamespace(name: string): Promise<void> {
  if (!existsSync(`/run/netns/${name}`)) await run('ip', ['netns', 'add', name]);
  await ip(name, 'link', 'set', 'lo', 'up');
  const sysctl = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
  await run('nsenter', [`--net=/run/netns/${name}`, 'sh', '-c', sysctl]);
}

async function refuseTakenRanges(): Promise<void> {
  const routes = JSON.parse(await run('ip', ['-json', 'route', 'show'])) as {
    readonly dst: string;
    readonly dev: string;
  }[];
  const taken = routes.find(
    ({ dst, dev }) => dev !== HOST_WIRE && /^10\.(200\.0|24[0-3])\./.test(dst),
  );
  if (taken === undefined) return;
  throw new LabError(`The lab needs the range ${taken.dst}, which ${taken.dev} has on this host.`);
}

function ip(namespace: string, ...args: readonly string[]): Promise<string> {
  return run('ip', ['-netns', namespace, ...args]);
}

function hasLink(namespace: string, link: string): Promise<boolean> {
  return succeeds('ip', ['-netns', namespace, 'link', 'show', link]);
}
