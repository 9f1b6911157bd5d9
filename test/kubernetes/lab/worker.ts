import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addressOf, podRangeOf, POD_RANGE, type Worker } from './addresses.ts';
import type { Binaries } from './binaries.ts';
import type { Certificates } from './certificates.ts';
import { cgroupRootOf, ensureCgroups } from './cgroups.ts';
import { Containerd } from './containerd.ts';
import { kubeletConfiguration } from './kubelet.ts';
import { LabError } from './lab-error.ts';
import { Machine } from './machine.ts';
import { makeVolumeFolders } from './volumes.ts';

/** A machine with containerd, kubelet and kube-proxy. */
export class WorkerMachine {
  readonly name: Worker;
  readonly machine: Machine;
  readonly containerd: Containerd;
  readonly #binaries: Binaries;
  readonly #certificates: Certificates;

  constructor(name: Worker, lab: string, binaries: Binaries, certificates: Certificates) {
    this.name = name;
    this.machine = new Machine(name, lab);
    this.containerd = new Containerd(this.machine);
    this.#binaries = binaries;
    this.#certificates = certificates;
  }

  /**
   * Brings up the machine and its containerd.
   * @param archives images that it is to have
   */
  async prepare(archives: readonly string[]): Promise<void> {
    ensureCgroups(this.name);
    await this.machine.boot(this.#binaries.pause);
    makeVolumeFolders(this.machine);
    this.#writeNetworkConfiguration();
    await this.containerd.start();
    for (const archive of archives) await this.containerd.ensureImages(archive);
  }

  /** Makes it a node of the cluster; the API server has to be there. */
  join(): void {
    this.#startProxy();
    this.startKubelet();
  }

  startKubelet(): void {
    const file = path.join(this.machine.folder, 'kubelet.json');
    const configuration = kubeletConfiguration({
      address: addressOf(this.name),
      cgroupRoot: cgroupRootOf(this.name),
      authority: this.#certificates.authority,
      certificate: this.#certificates.certificate(this.name),
      key: this.#certificates.key(this.name),
    });
    writeFileSync(file, JSON.stringify(configuration));
    this.machine.start('kubelet', this.#binaries.kubelet, [
      ...['--config', file, '--kubeconfig', this.#certificates.kubeconfig(this.name)],
      ...['--hostname-override', this.name, '--node-ip', addressOf(this.name)],
    ]);
  }

  /** Ends kubelet and containerd; pods go on running, and nobody looks after them. */
  async stopNode(): Promise<void> {
    await this.machine.process('kubelet').stop();
    await this.containerd.stop();
  }

  /** Starts them again. */
  async startNode(): Promise<void> {
    await this.containerd.start();
    this.startKubelet();
  }

  /** Forgets all that was ever on it: it comes back as a new machine of the old name. */
  wipe(): void {
    if (this.machine.isUp)
      throw new LabError(`${this.name} is up: only one that is down can be wiped.`);
    rmSync(this.machine.folder, { recursive: true, force: true });
  }

  #startProxy(): void {
    this.machine.start('kube-proxy', this.#binaries.proxy, [
      ...['--kubeconfig', this.#certificates.kubeconfig('kube-proxy')],
      ...['--hostname-override', this.name, '--proxy-mode', 'iptables'],
      ...['--cluster-cidr', POD_RANGE, '--conntrack-max-per-core', '0'],
    ]);
  }

  /**
   * Each pod has a wire of its own to its worker, and no bridge: two pods of one worker reach one
   * another through its routing, where Services are, also behind a Service.
   */
  #writeNetworkConfiguration(): void {
    const ranges = [[{ subnet: podRangeOf(this.name) }]];
    const ipam = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] };
    const configuration = {
      cniVersion: '0.4.0',
      name: 'pods',
      plugins: [
        { type: 'ptp', ipMasq: false, ipam },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    };
    const folder = path.join(this.machine.var, 'lib/cni/net.d');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, '10-pods.conflist'), JSON.stringify(configuration));
  }
}
