import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../../operator/src/kube/client.ts';
import { loadKubeConfig } from '../../../operator/src/kube/kube-config.ts';
import { kinds, type Resource } from '../../../operator/src/kube/kinds.ts';
import { addressOf, podGatewayOf, podRangeOf, WORKERS } from '../lab/addresses.ts';
import { Flows, type Flow } from './flows.ts';
import { PodAddresses, REPORTED_MS, type ReportedPod } from './pod-addresses.ts';
import {
  isIn,
  Policies,
  type Connection,
  type End,
  type Labels,
  type NetworkPolicy,
} from './policies.ts';

const LOOK_MS = 1_000;
const namespaces: Resource = {
  ...{ kind: 'Namespace', apiVersion: 'v1', plural: 'namespaces', isNamespaced: false },
};

interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
  };
}

export interface Recording {
  /** One for each way from a pod or to one, with the names of who had the addresses then. */
  readonly connections: readonly Connection[];
  /** All that there were, also of namespaces that are gone. */
  readonly policies: Policies;
}

/** Writes down who connects to whom in the lab. */
export class Recorder {
  readonly #client: Client;
  readonly #flows: Flows;
  readonly #addresses = new PodAddresses();
  readonly #policies = new Map<string, NetworkPolicy>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #connections = new Map<string, Connection>();
  readonly #over = new AbortController();
  #unsettled: { readonly flow: Flow; readonly at: number }[] = [];

  /** The lab has to be up. */
  constructor(kubeconfig: string) {
    this.#client = new Client(loadKubeConfig(kubeconfig, undefined), { deadlineMs: 5_000 });
    this.#flows = new Flows((flow) => this.#unsettled.push({ flow, at: performance.now() }));
    void this.#lookAgainAndAgain();
  }

  /**
   * What was seen until now.
   * @throws Error when there may have been more
   */
  async read(): Promise<Recording> {
    await sleep(REPORTED_MS);
    await this.#look();
    this.#settle();
    this.#flows.refuseGap();
    return {
      connections: [...this.#connections.values()],
      policies: new Policies([...this.#policies.values()], this.#namespaces),
    };
  }

  close(): void {
    this.#over.abort();
    this.#flows.close();
  }

  async #lookAgainAndAgain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // The API server may be away: then nothing changes.
      await this.#look().catch(() => undefined);
      this.#settle();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    this.#addresses.note(await this.#list<ReportedPod>(kinds.Pod), performance.now());
    for (const { metadata } of await this.#list<Named>(namespaces)) {
      this.#namespaces.set(metadata.name, metadata.labels ?? {});
    }
    for (const policy of await this.#list<NetworkPolicy & Named>(kinds.NetworkPolicy)) {
      const { name, namespace = '' } = policy.metadata;
      this.#policies.set(`${namespace}/${name}`, policy);
    }
  }

  async #list<T>(resource: Resource): Promise<readonly T[]> {
    const answer = await this.#client.send({ verb: 'list', resource, namespace: '' });
    return (answer as { readonly items: readonly T[] }).items;
  }

  /** Later nothing that is reported changes who had an address. */
  #settle(): void {
    const before = performance.now() - REPORTED_MS;
    const settled = this.#unsettled.filter(({ at }) => at < before);
    this.#unsettled = this.#unsettled.filter(({ at }) => at >= before);
    for (const { flow, at } of settled) {
      const { source, destination, protocol, port } = flow;
      const [from, to] = [this.#end(source, at), this.#end(destination, at)];
      if (isOfOneNode(flow) || (from.pod === undefined && to.pod === undefined)) continue;
      const key = `${nameOf(from)} ${nameOf(to)} ${protocol} ${port}`;
      this.#connections.set(key, { from, to, protocol, port });
    }
  }

  #end(address: string, at: number): End {
    const pod = this.#addresses.holder(address, at);
    return pod === undefined ? { address } : { address, pod };
  }
}

export function nameOf({ address, pod }: End): string {
  return pod === undefined ? address : `${pod.namespace}/${pod.name}`;
}

/** From a node to its own pod, as probes are: Kubernetes allows that whatever policies say. */
function isOfOneNode({ source, destination }: Flow): boolean {
  return WORKERS.some(
    (worker) =>
      [addressOf(worker), podGatewayOf(worker)].includes(source) &&
      isIn({ cidr: podRangeOf(worker) }, destination),
  );
}
