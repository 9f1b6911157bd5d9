import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  addressOf,
  API_SERVER,
  API_SERVICE_ADDRESS,
  CONTROL_PLANE_ADDRESS,
  WORKERS,
} from './addresses.ts';
import { run } from './command.ts';

const DAYS = '365';
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Who somebody is to the API server. */
interface Identity {
  /** Name of its files. */
  readonly name: string;
  readonly subject: string;
  readonly alternatives: readonly string[];
}

const components = ['kube-controller-manager', 'kube-scheduler', 'kube-proxy'];

const identities: readonly Identity[] = [
  {
    name: 'apiserver',
    subject: '/CN=kube-apiserver',
    alternatives: [
      `IP:${CONTROL_PLANE_ADDRESS}`,
      `IP:${API_SERVICE_ADDRESS}`,
      ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map((n) => `DNS:${n}`),
    ],
  },
  { name: 'admin', subject: '/O=system:masters/CN=admin', alternatives: [] },
  ...components.map((name) => ({ name, subject: `/CN=system:${name}`, alternatives: [] })),
  ...WORKERS.map((name) => ({
    name,
    subject: `/O=system:nodes/CN=system:node:${name}`,
    alternatives: [`IP:${addressOf(name)}`, `DNS:${name}`],
  })),
];

/** The lab's own authority, and what it issued: keys, certificates and kubeconfigs in a folder. */
export class Certificates {
  readonly folder: string;

  constructor(lab: string) {
    this.folder = path.join(lab, 'certificates');
  }

  get authority(): string {
    return path.join(this.folder, 'ca.crt');
  }

  certificate(name: string): string {
    return path.join(this.folder, `${name}.crt`);
  }

  key(name: string): string {
    return path.join(this.folder, `${name}.key`);
  }

  kubeconfig(name: string): string {
    return path.join(this.folder, `${name}.kubeconfig`);
  }

  /** With which the API server signs the tokens of service accounts; and its public part. */
  get tokenKey(): string {
    return this.key('tokens');
  }

  get tokenPublicKey(): string {
    return path.join(this.folder, 'tokens.pub');
  }

  /** Issues everything, once. */
  async ensure(): Promise<void> {
    // Written last.
    if (existsSync(this.tokenPublicKey)) return;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await this.#openssl('req', '-x509', ...curve, '-days', DAYS, '-subj', '/CN=synod-lab', [
      ...['-keyout', this.key('ca'), '-out', this.authority],
    ]);
    for (const identity of identities) await this.#issue(identity);
    await this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', [
      ...['-out', this.tokenKey],
    ]);
    await this.#openssl('ec', '-in', this.tokenKey, '-pubout', ['-out', this.tokenPublicKey]);
  }

  async #issue({ name, subject, alternatives }: Identity): Promise<void> {
    const request = path.join(this.folder, `${name}.csr`);
    const extensions = path.join(this.folder, `${name}.extensions`);
    const lines = ['extendedKeyUsage=serverAuth,clientAuth'];
    if (alternatives.length > 0) lines.push(`subjectAltName=${alternatives.join(',')}`);
    await writeFile(extensions, lines.map((line) => `${line}\n`).join(''));
    await this.#openssl('req', ...curve, '-subj', subject, [
      ...['-keyout', this.key(name), '-out', request],
    ]);
    await this.#openssl('x509', '-req', '-in', request, '-days', DAYS, '-CAcreateserial', [
      ...['-CA', this.authority, '-CAkey', this.key('ca'), '-extfile', extensions],
      ...['-out', this.certificate(name)],
    ]);
    await writeFile(this.kubeconfig(name), this.#kubeconfigText(name), { mode: 0o600 });
  }

  #kubeconfigText(name: string): string {
    const user = {
      'client-certificate': this.certificate(name),
      'client-key': this.key(name),
    };
    const cluster = { server: API_SERVER, 'certificate-authority': this.authority };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster }],
      users: [{ name, user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: name } }],
      'current-context': 'lab',
    });
  }

  async #openssl(...args: readonly (string | readonly string[])[]): Promise<void> {
    await run('openssl', args.flat());
  }
}
