import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { KubeConfig, V1CustomResourceDefinition } from '@kubernetes/client-node';
import { cacheFolder } from '../../cli/src/local/nats-server.ts';
import { customResourceDefinition } from '../../operator/src/api/crd.ts';
import { Client } from '../../operator/src/kube/client.ts';
import { loadKubeConfig } from '../../operator/src/kube/kube-config.ts';

const run = promisify(execFile);
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An etcd and a kube-apiserver on this machine, with our definition in it and nothing else. */
export class ApiServer {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of somebody who may do everything. */
  get kubeconfig(): string {
    return path.join(this.#folder, 'kubeconfig');
  }

  /** @throws Error with the end of the log when it does not become ready */
  static async start(): Promise<ApiServer> {
    const programs = { etcd: findProgram('etcd', 'etcd'), api: findProgram('kubernetes') };
    const server = new ApiServer(await mkdtemp(path.join(tmpdir(), 'synod-api-server-')));
    try {
      await server.#start(programs);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    // The API server first: without its etcd it would wait.
    for (const child of this.#children.reverse()) await end(child);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(programs: { readonly etcd: string; readonly api: string }): Promise<void> {
    await this.#issueCertificates();
    const [etcd, peers, api] = await freePorts();
    const client = `http://127.0.0.1:${etcd}`;
    const peer = `http://127.0.0.1:${peers}`;
    await this.#run('etcd', programs.etcd, [
      ...['--data-dir', this.#at('etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
    ]);
    await this.#run('kube-apiserver', programs.api, [
      ...['--etcd-servers', client, '--bind-address', '127.0.0.1', '--secure-port', `${api}`],
      ...['--advertise-address', '127.0.0.1', '--endpoint-reconciler-type', 'none'],
      ...['--tls-cert-file', this.#at('server.crt')],
      ...['--tls-private-key-file', this.#at('server.key'), '--client-ca-file', this.#at('ca.crt')],
      ...['--service-account-key-file', this.#at('tokens.pub')],
      ...['--service-account-signing-key-file', this.#at('tokens.key')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-cluster-ip-range', '10.0.0.0/24', '--authorization-mode', 'RBAC'],
      // Nobody is there to make the accounts that pods would need.
      ...['--disable-admission-plugins', 'ServiceAccount'],
    ]);
    await writeFile(this.kubeconfig, this.#kubeconfigText(`https://127.0.0.1:${api}`));
    await this.#ready();
    await this.#installDefinition();
  }

  #at(file: string): string {
    return path.join(this.#folder, file);
  }

  async #run(name: string, program: string, args: readonly string[]): Promise<void> {
    const log = await open(this.#at(`${name}.log`), 'a');
    this.#children.push(spawn(program, args, { stdio: ['ignore', log.fd, log.fd] }));
    await log.close();
  }

  async #issueCertificates(): Promise<void> {
    const openssl = (...args: readonly string[]): Promise<unknown> =>
      run('openssl', args, { cwd: this.#folder });
    const self = ['req', '-x509', ...CURVE, '-days', '2'];
    await openssl(...self, '-subj', '/CN=synod-test', '-keyout', 'ca.key', '-out', 'ca.crt');
    const issue = async (name: string, subject: string, extension: string): Promise<void> => {
      await openssl('req', ...CURVE, '-subj', subject, '-keyout', `${name}.key`, '-out', 'csr');
      await writeFile(this.#at('extensions'), `${extension}\n`);
      const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
      const files = ['-in', 'csr', '-extfile', 'extensions', '-out', `${name}.crt`];
      await openssl('x509', '-req', ...signed, ...files);
    };
    await issue('server', '/CN=kube-apiserver', 'subjectAltName=IP:127.0.0.1');
    await issue('admin', '/O=system:masters/CN=admin', 'extendedKeyUsage=clientAuth');
    const key = ['-name', 'prime256v1', '-genkey', '-noout', '-out', 'tokens.key'];
    await openssl('ecparam', ...key);
    await openssl('ec', '-in', 'tokens.key', '-pubout', '-out', 'tokens.pub');
  }

  #kubeconfigText(server: string): string {
    const cluster = { server, 'certificate-authority': this.#at('ca.crt') };
    const user = {
      'client-certificate': this.#at('admin.crt'),
      'client-key': this.#at('admin.key'),
    };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'admin', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    });
  }

  async #ready(): Promise<void> {
    const client = new Client(loadKubeConfig(this.kubeconfig, undefined));
    const deadline = performance.now() + START_DEADLINE_MS;
    let failure: unknown = new Error('a process ended');
    while (performance.now() < deadline && this.#children.every(isRunning)) {
      try {
        // It comes last.
        await client.send({ verb: 'get', resource: namespaces, namespace: '', name: 'default' });
        return;
      } catch (error) {
        failure = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const log = await readFile(this.#at('kube-apiserver.log'), 'utf8').catch(() => '');
    throw new Error(`The API server is not ready:\n${log.slice(-2_000)}`, { cause: failure });
  }

  async #installDefinition(): Promise<void> {
    const client = new Client(loadKubeConfig(this.kubeconfig, undefined));
    const body = customResourceDefinition();
    const place = { resource: definitions, namespace: '' } as const;
    await client.send({ ...place, verb: 'create', body });
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      const request = { ...place, verb: 'get', name: body.metadata?.name ?? '' } as const;
      const { status } = (await client.send(request)) as V1CustomResourceDefinition;
      const conditions = status?.conditions ?? [];
      if (conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
        return;
      if (performance.now() > deadline) {
        throw new Error(`The definition is not established: ${JSON.stringify(conditions)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const namespaces = {
  kind: 'Namespace',
  apiVersion: 'v1',
  plural: 'namespaces',
  isNamespaced: false,
} as const;

const definitions = {
  kind: 'CustomResourceDefinition',
  apiVersion: 'apiextensions.k8s.io/v1',
  plural: 'customresourcedefinitions',
  isNamespaced: false,
} as const;

/** Set before the tests begin. */
export const KUBECONFIG_VARIABLE = 'SYNOD_TEST_KUBECONFIG';

/** The API server that all tests share. */
export function sharedKubeConfig(): KubeConfig {
  return loadKubeConfig(process.env[KUBECONFIG_VARIABLE] ?? '', undefined);
}

/** A namespace of one's own in it. */
export async function newNamespace(): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const client = new Client(sharedKubeConfig());
  await client.send({ verb: 'create', resource: namespaces, namespace: '', body });
  return name;
}

/** `$KUBE_APISERVER` and `$ETCD`, or what the lab has built. */
function findProgram(product: string, program = 'kube-apiserver'): string {
  const variable = program.replace('-', '_').toUpperCase();
  const named = process.env[variable];
  if (named !== undefined) return named;
  const folder = path.join(cacheFolder(process.env), product);
  const versions = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found = versions.map((version) => path.join(folder, version, program)).filter(existsSync);
  const newest = found.at(-1);
  if (newest !== undefined) return newest;
  throw new Error(
    `There is no ${program} in ${folder}, nor $${variable}. "npm run lab -- programs" builds it.`,
  );
}

async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports as [number, number, number];
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exit;
  clearTimeout(timer);
}
