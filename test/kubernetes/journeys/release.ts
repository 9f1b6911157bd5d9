import type { PaxosClusterStatus, ConditionType } from '../../../operator/src/api/status.ts';
import { until } from '../lab/deadline.ts';
import type { Kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import type { Kubernetes } from './kubernetes.ts';

const CHART = 'charts/synod';
const HELM_MS = 180_000;
const LEADER_MS = 30_000;
/** As the chart has it by default. */
const NATS_SERVERS = 3;
const NATS_MS = 120_000;
/** Until another operator leads than one that was killed: it waits until its Lease is over. */
const TERM_MS = 90_000;

interface Cluster {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number; readonly image: string };
  readonly status?: PaxosClusterStatus;
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface Lease {
  /** The name of a pod, `_`, and what that process drew. */
  readonly spec: { readonly holderIdentity?: string };
}

/** The chart, installed in a namespace, and the cluster that comes with it; both of one name. */
export class Release {
  readonly kubernetes: Kubernetes;
  readonly name: string;
  readonly namespace: string;
  readonly #values: readonly string[];

  /** @param values as in `--set`; the same for each install and upgrade */
  constructor(kubernetes: Kubernetes, name: string, namespace: string, values: readonly string[]) {
    this.kubernetes = kubernetes;
    this.name = name;
    this.namespace = namespace;
    this.#values = values.flatMap((value) => ['--set', value]);
  }

  /** @throws Error on a cluster that somebody has */
  get lab(): Lab {
    if (this.kubernetes.lab !== undefined) return this.kubernetes.lab;
    throw new Error('This needs the lab.');
  }

  async install(): Promise<void> {
    await this.#helm('install', this.name, CHART, '--create-namespace', ...this.#values);
  }

  /** @param more values that count more than those of the release */
  async upgrade(...more: readonly string[]): Promise<void> {
    const sets = more.flatMap((value) => ['--set', value]);
    await this.#helm('upgrade', this.name, CHART, ...this.#values, ...sets);
    await this.kubectl('rollout', 'status', `deployment/${this.name}-operator`, '--timeout=80s');
  }

  async test(): Promise<void> {
    await this.#helm('test', this.name);
  }

  async uninstall(): Promise<void> {
    await this.#helm('uninstall', this.name, '--ignore-not-found', '--wait');
    await until('no pod of the release was left', HELM_MS, async () => {
      const label = `app.kubernetes.io/instance=${this.name}`;
      return (await this.pods(label)).length === 0;
    });
  }

  /** Another release in the same Kubernetes. */
  beside(name: string, namespace: string, values: readonly string[]): Release {
    return new Release(this.kubernetes, name, namespace, values);
  }

  /** Takes away all that is left of it, with the volumes. */
  async clear(): Promise<void> {
    await this.uninstall();
    const deletion = ['delete', 'namespace', this.namespace, '--ignore-not-found'];
    await this.#kubectl.run(deletion, { deadlineMs: 90_000 });
    await this.kubernetes.lab?.volumes.renew();
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.#kubectl.run(['--namespace', this.namespace, ...args], { deadlineMs: 90_000 });
  }

  async scale(replicas: number): Promise<void> {
    await this.kubectl('scale', 'paxoscluster', this.name, `--replicas=${replicas}`);
  }

  /** Changes the cluster's object. */
  async patch(patch: object): Promise<void> {
    const text = JSON.stringify(patch);
    await this.kubectl('patch', 'paxoscluster', this.name, '--type=merge', `--patch=${text}`);
  }

  get<T>(...args: readonly string[]): Promise<T> {
    return this.#kubectl.get<T>('--namespace', this.namespace, ...args);
  }

  cluster(): Promise<Cluster> {
    return this.get<Cluster>('paxoscluster', this.name);
  }

  /** All of the release, or those with a label. */
  async pods(label?: string): Promise<Pod[]> {
    const selector = label === undefined ? [] : ['--selector', label];
    return (await this.get<{ items: Pod[] }>('pods', ...selector)).items;
  }

  get memberSelector(): string {
    return `paxos.synod.dev/cluster=${this.name},app.kubernetes.io/component=member`;
  }

  members(): Promise<Pod[]> {
    return this.pods(this.memberSelector);
  }

  /** Those that are to stay. */
  async operators(): Promise<Pod[]> {
    const all = await this.pods(this.#componentSelector('operator'));
    return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  natsServers(): Promise<Pod[]> {
    return this.pods(this.#componentSelector('nats'));
  }

  /** kill -9 of a pod's process. */
  kill(pod: string): Promise<void> {
    return this.lab.faults.killPod({ namespace: this.namespace, pod });
  }

  /** Kills the operators at once; other pods take their place. */
  async replaceOperators(): Promise<void> {
    const selector = this.#componentSelector('operator');
    await this.kubectl('delete', 'pod', '--selector', selector, '--force', '--wait=false');
  }

  /** Waits until one of the operators that run leads. */
  async operatorLeads(): Promise<void> {
    await until('an operator led', TERM_MS, async () => {
      const lease = await this.get<Lease>('lease', `${this.name}-operator`);
      const [holder] = lease.spec.holderIdentity?.split('_') ?? [];
      return (await this.operators()).some(({ metadata: { name } }) => name === holder);
    });
  }

  async scaleNats(replicas: number): Promise<void> {
    await this.kubectl('scale', this.#nats, `--replicas=${replicas}`);
  }

  async natsIsUp(): Promise<void> {
    await until('all servers of NATS were ready', NATS_MS, async () => {
      // The StatefulSet may be behind: after the API server was away, by a minute.
      const ready = (await this.natsServers()).filter(isReady);
      if (ready.length !== NATS_SERVERS) throw new Error(`${ready.length} are.`);
      return true;
    });
    await this.kubectl('rollout', 'status', this.#nats, '--timeout=80s');
  }

  /** The id of the member in a pod; empty when it is not known. */
  async memberIn(pod: string): Promise<string> {
    const { status } = await this.cluster();
    return status?.members?.find(({ name }) => name === pod)?.id ?? '';
  }

  /** The volume that a member's pod has. */
  volumeOf(pod: string): Promise<string> {
    return this.lab.volumes.of(this.namespace, `data-${pod}`);
  }

  /** The pod that leads: as soon as one does. */
  async leader(): Promise<string> {
    let found = '';
    await until('a member led', LEADER_MS, async () => {
      const { status } = await this.cluster();
      found = status?.leader ?? '';
      return found !== '';
    });
    return found;
  }

  async condition(type: ConditionType): Promise<string> {
    const { status } = await this.cluster();
    const found = status?.conditions?.find((each) => each.type === type);
    return `${found?.status ?? 'Unknown'} ${found?.reason ?? ''}: ${found?.message ?? ''}`;
  }

  /** Waits until a condition begins so: status, reason, message. */
  async says(type: ConditionType, beginning: string, deadlineMs: number): Promise<void> {
    await until(`${type} was ${beginning}`, deadlineMs, async () => {
      const now = await this.condition(type);
      if (now.startsWith(beginning)) return true;
      throw new Error(now);
    });
  }

  /** Waits until the cluster has as many voters as its spec asks for, all well, and rests. */
  async settled(deadlineMs: number): Promise<void> {
    let last = '';
    await until(`the cluster had settled`, deadlineMs, async () => {
      const { metadata, spec, status } = await this.cluster();
      const is = (type: ConditionType) =>
        status?.conditions?.find((each) => each.type === type)?.status;
      const { phase, voters, readyMembers, observedGeneration } = status ?? {};
      last = JSON.stringify(status?.conditions);
      // The status may be that of a moment ago.
      const ready = (await this.members()).filter(isReady);
      const isDone =
        ready.length === spec.replicas &&
        observedGeneration === metadata.generation &&
        phase === 'Running' &&
        is('Available') === 'True' &&
        is('Progressing') === 'False' &&
        voters === spec.replicas &&
        readyMembers === spec.replicas;
      if (!isDone) throw new Error(last);
      return true;
    });
  }

  /** What a person would look at first. */
  async report(): Promise<string> {
    const looks = [
      ['get', 'paxosclusters,statefulsets,pods,persistentvolumeclaims', '--output', 'wide'],
      ['get', 'paxoscluster', this.name, '--output', 'jsonpath={.status}'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
      ['logs', `deployment/${this.name}-operator`, '--tail=40'],
    ];
    const said = await Promise.all(
      looks.map((look) => this.kubectl(...look).catch((error: unknown) => String(error))),
    );
    return said.join('\n\n');
  }

  get #nats(): string {
    return `statefulset/${this.name}-nats`;
  }

  /** Of this release: another one may be in the same namespace. */
  #componentSelector(component: string): string {
    return `app.kubernetes.io/instance=${this.name},app.kubernetes.io/component=${component}`;
  }

  get #kubectl(): Kubectl {
    return this.kubernetes.kubectl;
  }

  #helm(...args: readonly string[]): Promise<string> {
    const all = [...args, '--namespace', this.namespace];
    return this.kubernetes.helm(all, { deadlineMs: HELM_MS });
  }
}

function isReady({ metadata, status }: Pod): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && metadata.deletionTimestamp === undefined;
}
