import type { Socket } from 'node:net';
import { findHelm } from '../../../operator/manifests/helm.ts';
import { run, type CommandOptions } from '../lab/command.ts';
import { Kubectl } from '../lab/kubectl.ts';
import { LabError } from '../lab/lab-error.ts';
import { dial } from './dial.ts';
import type { Dialled, Kubernetes } from './kubernetes.ts';
import { PortForward } from './port-forward.ts';

const KUBECTL = 'kubectl';
const REMOVAL_MS = 300_000;

export interface OwnClusterInit {
  /** Of the user's kubeconfig. */
  readonly context: string;
  /** Everything is done in it, and it goes in the end. */
  readonly namespace: string;
  readonly image: string;
  readonly nextImage: string;
}

/** A cluster that somebody has, by the kubeconfig that kubectl finds. */
export class OwnCluster implements Kubernetes {
  readonly lab = undefined;
  readonly kubectl: Kubectl;
  readonly image: string;
  readonly #init: OwnClusterInit;
  /** By the pod's uid and the port. */
  readonly #forwards = new Map<string, Promise<PortForward | undefined>>();
  #isOurs = false;

  constructor(init: OwnClusterInit) {
    this.kubectl = new Kubectl(KUBECTL, ['--context', init.context]);
    this.image = init.image;
    this.#init = init;
  }

  /** @throws LabError when the cluster is not known, or has something that is not to be touched */
  async refuse(): Promise<void> {
    const { context, namespace } = this.#init;
    const said = await run(KUBECTL, ['config', 'get-contexts', '--output', 'name']);
    const names = said.split('\n').filter((name) => name !== '');
    if (!names.includes(context)) {
      const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      throw new LabError(`The kubeconfig has no context ${context}; ${known}.`);
    }
    const look = ['get', 'namespace', namespace, '--ignore-not-found', '--output', 'name'];
    if ((await this.kubectl.run(look)).trim() === '') return;
    throw new LabError(
      `There is a namespace ${namespace} in ${context} already. If nobody needs it, ` +
        `"kubectl --context ${context} delete namespace ${namespace}" removes it.`,
    );
  }

  async up(): Promise<void> {
    await this.refuse();
    this.#isOurs = true;
  }

  /** The definition of PaxosCluster stays: others may have come to use it. */
  async end(keeps: boolean): Promise<void> {
    const { namespace } = this.#init;
    for (const forward of this.#forwards.values()) (await forward)?.close();
    if (keeps || !this.#isOurs) return;
    const where = ['--namespace', namespace];
    const releases = (await this.helm(['list', '--short', ...where])).split('\n');
    for (const name of releases.filter((line) => line !== '')) {
      await this.helm(['uninstall', name, '--wait', ...where], { deadlineMs: REMOVAL_MS });
    }
    const deletion = ['delete', 'namespace', namespace, '--ignore-not-found'];
    await this.kubectl.run(deletion, { deadlineMs: REMOVAL_MS });
  }

  helm(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(findHelm(), ['--kube-context', this.#init.context, ...args], options);
  }

  async nextImage(): Promise<string> {
    return this.#init.nextImage;
  }

  /** Pods of a cluster are seldom reached from outside: by a forward, made anew when it ends. */
  async dial(pod: Dialled, port: number): Promise<Socket | undefined> {
    const key = `${pod.metadata.uid} ${port}`;
    const forward = await (this.#forwards.get(key) ?? this.#open(key, pod, port));
    return forward && dial('127.0.0.1', forward.port);
  }

  #open(key: string, pod: Dialled, port: number): Promise<PortForward | undefined> {
    const onEnd = () => void this.#forwards.delete(key);
    const forward = PortForward.open(this.kubectl, pod, port, onEnd);
    this.#forwards.set(key, forward);
    return forward;
  }
}
