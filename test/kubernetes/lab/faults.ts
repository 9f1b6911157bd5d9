import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from './addresses.ts';
import type { Container } from './containerd.ts';
import type { ControlPlane } from './control-plane.ts';
import { setWire } from './network.ts';
import type { WorkerMachine } from './worker.ts';
import { LabError } from './lab-error.ts';

/** A pod by its name. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

/**
 * What a journey may do to the cluster. None of it asks the API server, so that it works while that
 * one is away; and none of it is undone by itself.
 */
export class Faults {
  readonly #controlPlane: ControlPlane;
  readonly #workers: ReadonlyMap<Worker, WorkerMachine>;
  readonly #archives: () => Promise<readonly string[]>;

  constructor(
    controlPlane: ControlPlane,
    workers: ReadonlyMap<Worker, WorkerMachine>,
    archives: () => Promise<readonly string[]>,
  ) {
    this.#controlPlane = controlPlane;
    this.#workers = workers;
    this.#archives = archives;
  }

  /** Ends kubelet and containerd of a worker; its pods go on. */
  stopNode(worker: Worker): Promise<void> {
    return this.#worker(worker).stopNode();
  }

  startNode(worker: Worker): Promise<void> {
    return this.#worker(worker).startNode();
  }

  /** Takes a worker's network cable out: it goes on, alone. */
  cutWorker(worker: Worker): Promise<void> {
    return setWire(worker, 'down');
  }

  mendWorker(worker: Worker): Promise<void> {
    return setWire(worker, 'up');
  }

  /** Ends a worker at once, with all that runs on it. Its Node object stays. */
  async loseWorker(worker: Worker): Promise<void> {
    await setWire(worker, 'down');
    await this.#worker(worker).machine.kill();
  }

  /**
   * Brings a lost worker back.
   * @param disk `kept`: as after a power cut; `new`: as another machine of the same name
   */
  async bootWorker(worker: Worker, disk: 'kept' | 'new'): Promise<void> {
    const machine = this.#worker(worker);
    if (disk === 'new') machine.wipe();
    await setWire(worker, 'up');
    await machine.prepare(await this.#archives());
    machine.join();
  }

  /** Ends the API server, and starts it again when the time is over. */
  async apiServerAway(durationMs: number): Promise<void> {
    await this.stopApiServer();
    await sleep(durationMs);
    await this.startApiServer();
  }

  stopApiServer(): Promise<void> {
    return this.#controlPlane.apiServer.kill();
  }

  startApiServer(): Promise<void> {
    return this.#controlPlane.startApiServer();
  }

  /** Lets the API server hang: connections stay open, and nothing comes. */
  freezeApiServer(): void {
    this.#controlPlane.apiServer.signal('SIGSTOP');
  }

  thawApiServer(): void {
    this.#controlPlane.apiServer.signal('SIGCONT');
  }

  /**
   * Sends the main process of a pod a signal.
   * @param container the only one without it
   */
  async signalPod(pod: PodName, signal: NodeJS.Signals, container?: string): Promise<void> {
    const which = container === undefined ? {} : { container };
    const { machine, found } = await this.#find(pod, which);
    const name = signal.replace(/^SIG/, '');
    await machine.machine.run('sh', ['-c', `kill -${name} ${found.pid}`]);
  }

  killPod(pod: PodName, container?: string): Promise<void> {
    return this.signalPod(pod, 'SIGKILL', container);
  }

  /**
   * Runs a program of the host in a pod's network: `iptables`, say.
   * @returns its standard output
   */
  async inPodNetwork(pod: PodName, program: string, args: readonly string[]): Promise<string> {
    const { machine, found } = await this.#find(pod, 'sandbox');
    return machine.machine.run('nsenter', [`--net=/proc/${found.pid}/ns/net`, program, ...args]);
  }

  async #find(
    { namespace, pod }: PodName,
    which: { readonly container?: string } | 'sandbox',
  ): Promise<{ readonly machine: WorkerMachine; readonly found: Container }> {
    for (const machine of this.#workers.values()) {
      if (machine.machine.process('containerd').pid === undefined) continue;
      const found = await machine.containerd.find(namespace, pod, which);
      if (found !== undefined) return { machine, found };
    }
    throw new LabError(`No worker runs the pod ${namespace}/${pod}.`);
  }

  #worker(name: Worker): WorkerMachine {
    return this.#workers.get(name)!;
  }
}
