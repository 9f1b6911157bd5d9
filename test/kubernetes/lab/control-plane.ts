import { CONTROL_PLANE, CONTROL_PLANE_ADDRESS, POD_RANGE, SERVICE_RANGE } from './addresses.ts';
import type { Binaries } from './binaries.ts';
import type { Certificates } from './certificates.ts';
import { until } from './deadline.ts';
import type { Kubectl } from './kubectl.ts';
import { Machine } from './machine.ts';
import type { RecordedProcess } from './recorded-process.ts';

const READY_DEADLINE_MS = 60_000;
const ETCD = 'http://127.0.0.1:2379';
/** How long a node may be silent, and how long its pods are then left: elsewhere 40 s and 300 s. */
const NODE_GRACE = '16s';
const TOLERATION_SECONDS = '30';

/** The machine without a kubelet: etcd, API server, controller manager and scheduler. */
export class ControlPlane {
  readonly machine: Machine;
  readonly #binaries: Binaries;
  readonly #certificates: Certificates;
  readonly #kubectl: Kubectl;

  constructor(lab: string, binaries: Binaries, certificates: Certificates, kubectl: Kubectl) {
    this.machine = new Machine(CONTROL_PLANE, lab);
    this.#binaries = binaries;
    this.#certificates = certificates;
    this.#kubectl = kubectl;
  }

  get apiServer(): RecordedProcess {
    return this.machine.process('kube-apiserver');
  }

  /** Brings up what is down, and waits until the API server is ready. */
  async start(): Promise<void> {
    await this.machine.boot(this.#binaries.pause);
    this.machine.start('etcd', this.#binaries.etcd, [
      ...['--data-dir', '/var/lib/etcd'],
      ...['--listen-client-urls', ETCD, '--advertise-client-urls', ETCD],
      ...['--listen-peer-urls', 'http://127.0.0.1:2380'],
      // What the lab holds is not meant to outlive a power cut.
      '--unsafe-no-fsync',
    ]);
    await this.startApiServer();
    this.#startControllerManager();
    this.machine.start('kube-scheduler', this.#binaries.scheduler, [
      ...['--kubeconfig', this.#certificates.kubeconfig('kube-scheduler')],
      '--leader-elect=false',
    ]);
  }

  async startApiServer(): Promise<void> {
    const certificates = this.#certificates;
    this.machine.start('kube-apiserver', this.#binaries.apiServer, [
      ...['--etcd-servers', ETCD],
      ...['--bind-address', CONTROL_PLANE_ADDRESS, '--advertise-address', CONTROL_PLANE_ADDRESS],
      ...['--secure-port', '6443', '--service-cluster-ip-range', SERVICE_RANGE],
      ...['--tls-cert-file', certificates.certificate('apiserver')],
      ...['--tls-private-key-file', certificates.key('apiserver')],
      ...['--client-ca-file', certificates.authority],
      ...['--service-account-key-file', certificates.tokenPublicKey],
      ...['--service-account-signing-key-file', certificates.tokenKey],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--authorization-mode', 'Node,RBAC', '--enable-admission-plugins', 'NodeRestriction'],
      '--allow-privileged=true',
      // Logs and exec would look the node's name up in a DNS that there is not.
      ...['--kubelet-preferred-address-types', 'InternalIP'],
      ...['--kubelet-client-certificate', certificates.certificate('admin')],
      ...['--kubelet-client-key', certificates.key('admin')],
      ...['--default-not-ready-toleration-seconds', TOLERATION_SECONDS],
      ...['--default-unreachable-toleration-seconds', TOLERATION_SECONDS],
    ]);
    await until('the API server was ready', READY_DEADLINE_MS, () => this.#kubectl.isReady());
  }

  #startControllerManager(): void {
    this.machine.start('kube-controller-manager', this.#binaries.controllerManager, [
      ...['--kubeconfig', this.#certificates.kubeconfig('kube-controller-manager')],
      ...['--service-account-private-key-file', this.#certificates.tokenKey],
      ...['--root-ca-file', this.#certificates.authority],
      ...['--cluster-cidr', POD_RANGE, '--allocate-node-cidrs=false'],
      ...['--node-monitor-grace-period', NODE_GRACE],
      '--use-service-account-credentials',
      '--leader-elect=false',
    ]);
  }
}
