import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { connect, type ConnectOptions, type SynodClient } from '../../client/src/client.ts';
import { DEFAULT_WINDOW } from '../../contract/src/first-configuration.ts';
import { natsAuthorization, type NatsUser } from '../../contract/src/nats-users.ts';
import { permissionsOf } from '../../contract/src/permissions.ts';
import type { ClientRole, Role } from '../../contract/src/roles.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { NatsProcess } from './nats-process.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';

const DEADLINE_MS = 20_000;

/** The user of a role in the cluster of the tests; `password` of its name. */
export function userOf(role: Role, name: string = role, cluster = 'journey'): NatsUser {
  const permissions = permissionsOf('local', cluster)[role];
  return { name, password: passwordOf(name), permissions };
}

export function passwordOf(name: string): string {
  return `secret of "${name}"`;
}

/** A nats-server with users, and a cluster whose members and clients have credentials. */
export class SecureCluster {
  readonly folder: TestFolder;
  readonly nats: NatsProcess;
  readonly #nodes = new Map<string, NodeProcess>();
  readonly #clients: SynodClient[] = [];
  #tls = '';

  private constructor(folder: TestFolder, nats: NatsProcess) {
    this.folder = folder;
    this.nats = nats;
  }

  /** Nothing runs yet. */
  static async prepare(): Promise<SecureCluster> {
    const folder = new TestFolder();
    return new SecureCluster(
      folder,
      await NatsProcess.reserve(path.join(folder.path, 'nats.conf')),
    );
  }

  /** By the name that its certificate has. */
  get natsUrl(): string {
    return this.#tls === '' ? this.nats.url : this.nats.url.replace('127.0.0.1', 'localhost');
  }

  /** Who may connect from its next start or `reload` on. */
  allow(users: readonly NatsUser[]): void {
    const configuration = natsAuthorization(users) + this.#tls;
    fs.writeFileSync(path.join(this.folder.path, 'nats.conf'), configuration);
  }

  /** A CA of its own; from its next start on NATS wants certificates of it. */
  secure(): void {
    const files = this.tlsDir;
    fs.mkdirSync(files);
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: files, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
    openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.crt');
    fs.writeFileSync(path.join(files, 'names'), 'subjectAltName=DNS:localhost');
    openssl('req', ...key, '-subj', '/CN=synod', '-keyout', 'tls.key', '-out', 'tls.csr');
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-extfile', 'names'];
    openssl('x509', '-req', '-in', 'tls.csr', ...by, '-out', 'tls.crt');
    const file = (name: string): string => JSON.stringify(path.join(files, name));
    this.#tls =
      `tls { cert_file: ${file('tls.crt')}, key_file: ${file('tls.key')}, ` +
      `ca_file: ${file('ca.crt')}, verify: true }\n`;
  }

  get tlsDir(): string {
    return path.join(this.folder.path, 'tls');
  }

  /** A folder of credentials, as a Secret is mounted. @param password the user's without it */
  credentials(folder: string, name: string, password = passwordOf(name)): string {
    const where = path.join(this.folder.path, 'credentials', folder);
    fs.mkdirSync(where, { recursive: true });
    fs.writeFileSync(path.join(where, 'username'), name);
    fs.writeFileSync(path.join(where, 'password'), `${password}\n`);
    return where;
  }

  /** Starts a member, which waits for NATS and to be told. */
  startMember(name: string, credentialsDir: string): NodeProcess {
    const { workspace, cluster } = this.folder;
    const data = this.folder.dataOf(name);
    const environment = {
      SYNOD_NATS_CREDENTIALS_DIR: credentialsDir,
      ...(this.#tls === '' ? {} : { SYNOD_NATS_TLS_DIR: this.tlsDir }),
    };
    const node = new NodeProcess({
      ...{ workspace, cluster, name, data, natsUrl: this.natsUrl, environment },
      ...{ logFile: `${data}.log`, program: NODE_PROGRAM, flags: ['--http-port', '0'] },
    });
    node.ready.catch(() => undefined);
    this.#nodes.set(name, node);
    return node;
  }

  /** Makes running members one cluster, by the user `operator`. */
  async form(members: readonly MemberStatus[]): Promise<void> {
    const operator = await this.client('operator');
    const ids = members.map(({ member }) => member);
    const first = { clusterId: 'secured', members: ids, window: DEFAULT_WINDOW };
    for (const id of ids) {
      // One that has just come up may not have reached NATS with its interest yet.
      await until('a member is told', () =>
        operator.admin.form(id, first).then(
          () => true,
          () => undefined,
        ),
      );
    }
  }

  /** A cluster of three, all with the credentials of the user `member` in one folder. */
  async start(): Promise<void> {
    const member = this.credentials('member', 'member');
    const nodes = ['n0', 'n1', 'n2'].map((name) => this.startMember(name, member));
    await this.form(await Promise.all(nodes.map((node) => node.ready)));
  }

  /** A client of the role's user; `remove` closes it. */
  async client(role: ClientRole, more: Partial<ConnectOptions> = {}): Promise<SynodClient> {
    const client = await connect({
      ...{ natsUrl: this.natsUrl, cluster: this.folder.cluster, role, deadlineMs: DEADLINE_MS },
      natsCredentialsDir: this.credentials(role, role),
      ...(this.#tls === '' ? {} : { natsTlsDir: this.tlsDir }),
      ...more,
    });
    this.#clients.push(client);
    return client;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    for (const node of this.#nodes.values()) node.kill('SIGKILL');
    await Promise.all([...this.#nodes.values()].map((node) => node.exit));
    await this.nats.kill();
    await this.folder.remove();
  }
}
