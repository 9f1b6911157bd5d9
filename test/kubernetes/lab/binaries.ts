import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.ts';
import { LabError } from './lab-error.ts';
import { pauseSource } from './pause.ts';
import { versions } from './versions.ts';

const BUILD_DEADLINE_MS = 1_800_000;

/** The programs that the lab runs, each by its path. */
export interface Binaries {
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly proxy: string;
  readonly kubelet: string;
  readonly kubectl: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly helm: string;
  readonly natsServer: string;
  /** Waits for a signal, and takes in the orphans of its process namespace. */
  readonly pause: string;
}

/** What is built in one go, into a folder `<product>/<version>` of the cache. */
interface Product {
  readonly name: string;
  readonly version: string;
  readonly programs: readonly string[];
  /** Builds them into `target`; `source` is an empty folder to work in. */
  build(source: string, target: string): Promise<void>;
}

const kubernetesPrograms = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  ...['kube-proxy', 'kubelet', 'kubectl'],
];

const products: readonly Product[] = [
  {
    name: 'kubernetes',
    version: versions.kubernetes,
    programs: kubernetesPrograms,
    build: buildKubernetes,
  },
  { name: 'etcd', version: versions.etcd, programs: ['etcd'], build: buildEtcd },
  installed('coredns', versions.coredns, 'github.com/coredns/coredns'),
  installed('helm', versions.helm, 'helm.sh/helm/v4/cmd/helm'),
  // The one of cli/src/local may need the C library; an image from scratch has none.
  installed('nats-server', versions.nats, 'github.com/nats-io/nats-server/v2'),
  { name: 'pause', version: '1', programs: ['pause'], build: buildPause },
];

/** Where the cache has them, or will have them. */
export function binariesOf(cache: string): Binaries {
  const at = (product: string, program: string): string => {
    const { version } = products.find(({ name }) => name === product)!;
    return path.join(cache, product, version, program);
  };
  return {
    apiServer: at('kubernetes', 'kube-apiserver'),
    controllerManager: at('kubernetes', 'kube-controller-manager'),
    scheduler: at('kubernetes', 'kube-scheduler'),
    proxy: at('kubernetes', 'kube-proxy'),
    kubelet: at('kubernetes', 'kubelet'),
    kubectl: at('kubernetes', 'kubectl'),
    etcd: at('etcd', 'etcd'),
    coredns: at('coredns', 'coredns'),
    helm: at('helm', 'helm'),
    natsServer: at('nats-server', 'nats-server'),
    pause: at('pause', 'pause'),
  };
}

/**
 * Builds what the cache lacks. What is built half never counts: it gets its name when it is whole.
 * @throws LabError without a Go toolchain
 */
export async function ensureBinaries(cache: string, say: (line: string) => void): Promise<void> {
  for (const product of products) await ensure(cache, product, say);
}

async function ensure(cache: string, product: Product, say: (line: string) => void): Promise<void> {
  const folder = path.join(cache, product.name, product.version);
  if (product.programs.every((program) => existsSync(path.join(folder, program)))) return;
  await run('go', ['version']).catch((error: unknown) => {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(`There is no Go toolchain on the PATH to build ${product.name} with.`);
  });
  const begin = performance.now();
  say(`building ${product.name} ${product.version}, once`);
  const building = `${folder}.building-${process.pid}`;
  await rm(building, { recursive: true, force: true });
  await mkdir(path.join(building, 'source'), { recursive: true });
  await mkdir(path.join(building, 'target'), { recursive: true });
  try {
    await product.build(path.join(building, 'source'), path.join(building, 'target'));
    await rm(folder, { recursive: true, force: true });
    await rename(path.join(building, 'target'), folder);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  say(`built ${product.name} in ${Math.round((performance.now() - begin) / 1000)} s`);
}

function go(
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  return run('go', args, {
    folder,
    deadlineMs: BUILD_DEADLINE_MS,
    environment: { CGO_ENABLED: '0', GOFLAGS: '-mod=mod', ...environment },
  });
}

/**
 * k8s.io/kubernetes is a module that other modules may not require as it is: it asks for v0.0.0 of
 * the modules that are kept in its own repository. Here each is replaced by its published twin.
 */
async function buildKubernetes(source: string, target: string): Promise<void> {
  const module = `k8s.io/kubernetes@v${versions.kubernetes}`;
  await writeFile(path.join(source, 'go.mod'), 'module lab\n');
  const download = await go(['mod', 'download', '-json', module], source);
  const { GoMod } = JSON.parse(download) as { GoMod: string };
  const staging = [...(await readFile(GoMod, 'utf8')).matchAll(/(k8s\.io\/[a-z-]+) v0\.0\.0$/gm)];
  const published = `v${versions.kubernetes.replace(/^1\./, '0.')}`;
  const lines = [
    'module lab',
    'go 1.24.0',
    `require k8s.io/kubernetes v${versions.kubernetes}`,
    ...new Set(staging.map(([, name]) => `replace ${name!} => ${name!} ${published}`)),
  ];
  await writeFile(path.join(source, 'go.mod'), lines.map((line) => `${line}\n`).join(''));
  const version = `-X k8s.io/component-base/version.gitVersion=v${versions.kubernetes}`;
  const commands = kubernetesPrograms.map((program) => `k8s.io/kubernetes/cmd/${program}`);
  await go(['build', '-o', `${target}/`, '-ldflags', `-s -w ${version}`, ...commands], source);
}

/** Its replace directives keep it from being installed by its name alone. */
async function buildEtcd(source: string, target: string): Promise<void> {
  const module = 'go.etcd.io/etcd/server/v3';
  const lines = ['module lab', 'go 1.24.0', `require ${module} v${versions.etcd}`, ''];
  await writeFile(path.join(source, 'go.mod'), lines.join('\n'));
  await go(['build', '-o', path.join(target, 'etcd'), '-ldflags', '-s -w', module], source);
}

async function buildPause(source: string, target: string): Promise<void> {
  await writeFile(path.join(source, 'main.go'), pauseSource);
  await go(['build', '-o', path.join(target, 'pause'), '-ldflags', '-s -w', 'main.go'], source);
}

function installed(name: string, version: string, pkg: string): Product {
  return {
    name,
    version,
    programs: [name],
    build: async (source, target) => {
      const args = ['install', '-ldflags', '-s -w', `${pkg}@v${version}`];
      await go(args, source, { GOBIN: target, GOFLAGS: '' });
    },
  };
}
