import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WORKERS, type Worker } from '../lab/addresses.ts';
import { networkNamespaceOf } from '../lab/network.ts';

/** A connection that began, as the kernel of a worker saw it. */
export interface Flow {
  readonly protocol: 'TCP' | 'UDP';
  readonly source: string;
  /** Behind a Service: of the pod that it was sent to. */
  readonly destination: string;
  readonly port: number;
}

/** Of the packets that opened it, and of those that come back. */
const EVENT =
  /^\s*\[NEW\] (?<protocol>tcp|udp) .* src=(?<source>\S+) dst=\S+ sport=(?<sourcePort>\d+) dport=\d+ .* src=(?<destination>\S+) dst=\S+ sport=(?<port>\d+) dport=\d+/;
const DNS_PORT = 53;
/** Nothing is missed while this process does something else. */
const BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * Reads an event of `conntrack`.
 * @returns `undefined` for what is no beginning of a connection
 */
export function parseFlow(line: string): Flow | undefined {
  const { protocol, source, sourcePort, destination, port } = EVENT.exec(line)?.groups ?? {};
  if (source === undefined || destination === undefined) return undefined;
  // The kernel had forgotten it, or had not looked yet: this packet may be an answer.
  if (protocol === 'tcp' && !line.includes(' SYN_SENT ')) return undefined;
  if (protocol === 'udp' && Number(sourcePort) === DNS_PORT) return undefined;
  return {
    protocol: protocol === 'tcp' ? 'TCP' : 'UDP',
    ...{ source, destination, port: Number(port) },
  };
}

/** Tells of every connection that passes a worker of the lab, whatever becomes of the worker. */
export class Flows {
  readonly #children: readonly ChildProcess[];
  /** Why not all were seen. */
  #gap: string | undefined;

  constructor(onFlow: (flow: Flow) => void) {
    this.#children = WORKERS.map((worker) => {
      const child = watch(worker);
      createInterface(child.stdout).on('line', (line) => {
        const flow = parseFlow(line);
        if (flow !== undefined) onFlow(flow);
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-500)));
      child.once('error', (error) => (said = error.message));
      child.once('close', () => (this.#gap ??= `conntrack of ${worker} ended: ${said}`));
      return child;
    });
  }

  /** @throws Error when some connections may be unknown */
  refuseGap(): void {
    if (this.#gap !== undefined) throw new Error(this.#gap);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** It does not outlive this process. */
function watch(worker: Worker) {
  return spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${networkNamespaceOf(worker)}`],
      ...['conntrack', '--event', '--event-mask', 'NEW', '--family', 'ipv4'],
      ...['--buffer-size', String(BUFFER_BYTES)],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
}
