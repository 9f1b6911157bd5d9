import { WORKERS, type Worker } from './addresses.ts';
import { binariesOf, ensureBinaries, type Binaries } from './binaries.ts';
import { ensureBaseImage } from './base-image.ts';
import { Buildah } from './buildah.ts';
import { Certificates } from './certificates.ts';
import { refuseCgroups, removeCgroups } from './cgroups.ts';
import { clusterDns } from './cluster-dns.ts';
import { ControlPlane } from './control-plane.ts';
import { until } from './deadline.ts';
import { ensurePackages } from './debian-packages.ts';
import { Faults } from './faults.ts';
import { foldersOf, makeLabFolder, removeLabFolder, type Folders } from './folders.ts';
import { ensureImageArchives } from './images.ts';
import { ImportedArchives } from './imported-archives.ts';
import { Kubectl } from './kubectl.ts';
import { LabError } from './lab-error.ts';
import { exclusively, owner, refuseForeign, release, take } from './lock.ts';
import type { Machine } from './machine.ts';
import { ensureNetwork, removeNetwork } from './network.ts';
import { buildProjectImage } from './project-image.ts';
import { Volumes } from './volumes.ts';
import { WorkerMachine } from './worker.ts';

const NODES_DEADLINE_MS = 60_000;
const DNS_DEADLINE_MS = 60_000;

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

/** A Kubernetes of a control plane and three workers, each a machine of its own on this host. */
export class Lab {
  readonly folders: Folders;
  readonly binaries: Binaries;
  readonly certificates: Certificates;
  readonly kubectl: Kubectl;
  readonly controlPlane: ControlPlane;
  readonly workers: ReadonlyMap<Worker, WorkerMachine>;
  readonly volumes: Volumes;
  readonly faults: Faults;
  readonly #imported: ImportedArchives;
  readonly #say: (line: string) => void;

  /**
   * The lab of this machine, up or not.
   * @param say told what goes on
   * @throws LabError for a user who can't have one
   */
  constructor(say: (line: string) => void = () => undefined, folders = foldersOf()) {
    if (process.getuid?.() !== 0)
      throw new LabError('The lab makes namespaces: it has to be root.');
    this.#say = say;
    this.folders = folders;
    const { cache, lab } = folders;
    this.binaries = binariesOf(cache);
    this.certificates = new Certificates(lab);
    this.kubectl = new Kubectl(this.binaries.kubectl, ['--kubeconfig', this.kubeconfig]);
    this.controlPlane = new ControlPlane(lab, this.binaries, this.certificates, this.kubectl);
    this.workers = new Map(
      WORKERS.map((name) => [name, new WorkerMachine(name, lab, this.binaries, this.certificates)]),
    );
    const machines = new Map([...this.workers].map(([name, { machine }]) => [name, machine]));
    this.volumes = new Volumes(this.kubectl, machines);
    this.#imported = new ImportedArchives(lab);
    this.faults = new Faults(this.controlPlane, this.workers, () => this.#archives());
  }

  /** The administrator's. */
  get kubeconfig(): string {
    return this.certificates.kubeconfig('admin');
  }

  /** Builds what the lab runs, as far as the cache lacks it: minutes, once. */
  buildPrograms(): Promise<void> {
    return exclusively(() => ensureBinaries(this.folders.cache, this.#say));
  }

  /** Brings up what is not up yet; what a fault took away comes back. */
  up(): Promise<void> {
    return exclusively(async () => {
      const { cache, lab } = this.folders;
      refuseForeign(lab);
      refuseCgroups();
      await ensurePackages(this.#say);
      await ensureBinaries(cache, this.#say);
      const archives = await this.#archives();
      if (owner() === undefined) await this.#clear();
      makeLabFolder(lab);
      take(lab);
      await this.certificates.ensure();
      this.#say('network');
      await ensureNetwork();
      this.#say('control plane, and containerd of the workers');
      const workers = [...this.workers.values()];
      await all([this.controlPlane.start(), ...workers.map((worker) => worker.prepare(archives))]);
      this.#say('nodes');
      for (const worker of workers) worker.join();
      await this.volumes.ensure();
      await until('every node was ready', NODES_DEADLINE_MS, async () => {
        const ready = await this.readyNodes();
        return WORKERS.every((worker) => ready.includes(worker));
      });
      this.#say('CoreDNS');
      await this.kubectl.apply(clusterDns);
      await this.#waitForDns();
      this.#say(`up in ${lab}; export KUBECONFIG=${this.kubeconfig}`);
    });
  }

  /** Ends what `up` started, and takes everything away but the cache. */
  down(): Promise<void> {
    return exclusively(async () => {
      const { lab } = this.folders;
      refuseForeign(lab);
      await this.#clear();
      release();
      this.#say('down');
    });
  }

  get machines(): Machine[] {
    return [this.controlPlane.machine, ...[...this.workers.values()].map((w) => w.machine)];
  }

  /** Lines for a reader. */
  async status(): Promise<string[]> {
    const { lab } = this.folders;
    refuseForeign(lab);
    if (owner() === undefined) return [`down; its folder would be ${lab}`];
    const lines = [`up in ${lab}`];
    for (const machine of this.machines) {
      const running = machine.components.map((component) => {
        const { pid } = machine.process(component);
        return pid === undefined ? `${component} (ended)` : component;
      });
      lines.push(`${machine.name}: ${machine.isUp ? running.join(', ') : 'down'}`);
    }
    if (!(await this.kubectl.isReady())) return [...lines, 'the API server does not answer'];
    return [...lines, `nodes that are ready: ${(await this.readyNodes()).join(', ') || 'none'}`];
  }

  async readyNodes(): Promise<string[]> {
    const { items } = await this.kubectl.get<NodeList>('nodes');
    return items
      .filter(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
      .map(({ metadata }) => metadata.name);
  }

  /**
   * Builds the project's image from the repository's Dockerfile. Every worker of a lab that is up
   * has it then, also one that comes back with a new disk.
   */
  buildImage(tag: string): Promise<void> {
    return exclusively(async () => {
      const { cache, lab } = this.folders;
      refuseForeign(lab);
      await ensurePackages(this.#say);
      const buildah = new Buildah(cache);
      await ensureBaseImage(cache, buildah, this.#say);
      this.#say(`building ${tag}`);
      const archive = await buildProjectImage(tag, cache, buildah);
      this.#say(`built ${archive}`);
      if (owner() === undefined) return;
      this.#imported.add(archive);
      const workers = [...this.workers.values()].filter(({ machine }) => machine.isUp);
      await all(workers.map((worker) => worker.containerd.ensureImages(archive)));
      this.#say(`imported into ${workers.length} workers`);
    });
  }

  /** Gives an image that every worker has a second name, as another version has one. */
  aliasImage(image: string, name: string): Promise<void> {
    return all([...this.workers.values()].map(({ containerd }) => containerd.alias(image, name)));
  }

  /** Takes away what there is of the lab; after a restart of the host, files alone. */
  async #clear(): Promise<void> {
    this.#say('ending the machines');
    await all(this.machines.map((machine) => machine.kill()));
    this.#say('removing network and cgroups');
    await removeNetwork();
    await removeCgroups();
    this.#say('removing files');
    await removeLabFolder(this.folders.lab);
  }

  async #archives(): Promise<string[]> {
    const { cache } = this.folders;
    const buildah = new Buildah(cache);
    const archives = await ensureImageArchives(cache, this.binaries, buildah, this.#say);
    return [...archives, ...this.#imported.archives];
  }

  async #waitForDns(): Promise<void> {
    const rollout = ['--namespace', 'kube-system', 'rollout', 'status', 'deployment/coredns'];
    await this.kubectl.run([...rollout, '--timeout', `${DNS_DEADLINE_MS / 1000}s`], {
      deadlineMs: DNS_DEADLINE_MS + 5000,
    });
  }
}

/** Waits for all of it, also when one part fails: nothing goes on behind the failure's back. */
async function all(parts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(parts);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
