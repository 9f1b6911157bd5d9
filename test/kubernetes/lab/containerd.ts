import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { until } from './deadline.ts';
import { PAUSE_IMAGE } from './images.ts';
import type { Machine } from './machine.ts';

const START_DEADLINE_MS = 20_000;
const IMPORT_DEADLINE_MS = 180_000;

const configuration = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# Without CAP_SYS_RESOURCE no process may be made less likely to be killed than this one.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "/var/lib/cni/net.d"
`;

/** A container of a pod, as containerd knows it. */
export interface Container {
  readonly id: string;
  /** Its main process, in the process namespace of its machine. */
  readonly pid: number;
}

/** The containers and images of one worker. */
export class Containerd {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async start(): Promise<void> {
    const file = path.join(this.#machine.folder, 'containerd.toml');
    writeFileSync(file, configuration);
    this.#machine.start('containerd', 'containerd', ['--config', file]);
    await until(`containerd of ${this.#machine.name} answered`, START_DEADLINE_MS, async () => {
      await this.#ctr(['version'], 5000);
      return true;
    });
  }

  stop(): Promise<void> {
    return this.#machine.process('containerd').stop();
  }

  /** Imports an archive of images, unless it did so before; a tag that is there already moves. */
  async ensureImages(archive: string): Promise<void> {
    const mark = path.join(this.#machine.folder, 'imported', path.basename(archive));
    const version = `${archive} of ${statSync(archive).mtimeMs}`;
    if (existsSync(mark) && readFileSync(mark, 'utf8') === version) return;
    await this.#ctr(['images', 'import', archive], IMPORT_DEADLINE_MS);
    mkdirSync(path.dirname(mark), { recursive: true });
    writeFileSync(mark, version);
  }

  /** Gives an image that is there a second name. */
  async alias(image: string, name: string): Promise<void> {
    const full = (short: string) => `docker.io/library/${short}`;
    await this.#ctr(['images', 'tag', '--force', full(image), full(name)]);
  }

  /** The running container of a pod, or its sandbox, which has its network. */
  async find(
    namespace: string,
    pod: string,
    which: { readonly container?: string } | 'sandbox' = {},
  ): Promise<Container | undefined> {
    const labels: Record<string, string> = {
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.name': pod,
      'io.cri-containerd.kind': which === 'sandbox' ? 'sandbox' : 'container',
    };
    if (which !== 'sandbox' && which.container !== undefined) {
      labels['io.kubernetes.container.name'] = which.container;
    }
    const filter = Object.entries(labels).map(([key, value]) => `labels."${key}"==${value}`);
    const ids = await this.#ctr(['containers', 'list', '--quiet', filter.join(',')]);
    const wanted = new Set(ids.split('\n'));
    // Lines like "3f0c… 4711 RUNNING".
    const tasks = (await this.#ctr(['tasks', 'list'])).split('\n').map((line) => line.split(/\s+/));
    const task = tasks.find(([id, , state]) => wanted.has(id ?? '') && state === 'RUNNING');
    return task === undefined ? undefined : { id: task[0]!, pid: Number(task[1]) };
  }

  #ctr(args: readonly string[], deadlineMs = 30_000): Promise<string> {
    return this.#machine.run('ctr', ['--namespace', 'k8s.io', ...args], { deadlineMs });
  }
}
