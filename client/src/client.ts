import { randomBytes } from 'node:crypto';
import { natsServersOf } from '../../contract/src/nats-servers.ts';
import { NatsLink } from '../../link/src/nats-link.ts';
import { clientRoles, type ClientRole } from '../../contract/src/roles.ts';
import { DEFAULT_CLUSTER, DEFAULT_NAMESPACE, subjectsOf } from '../../contract/src/subjects.ts';
import { Admin } from './admin.ts';
import { AdminRequests } from './admin-requests.ts';
import {
  checkConsistency,
  checkCount,
  checkMachineCalls,
  checkMilliseconds,
  checkName,
  checkOneOf,
  checkOperations,
  checkOptions,
  checkText,
} from '../../contract/src/arguments.ts';
import type {
  Answer,
  MachineCalls,
  CommandPort,
  ReadOptions,
} from '../../machines/src/port/calls.ts';
import { Lanes } from './lanes.ts';
import { Recovery } from './recovery.ts';
import { Refusals } from './refusals.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

export interface ConnectOptions {
  /**
   * Of one NATS server, or of several, separated by commas; without it what the variable
   * `SYNOD_NATS_URL` has.
   */
  readonly natsUrl?: string | undefined;
  /** A folder with the files `username` and `password`; they are read at each connect. */
  readonly natsCredentialsDir?: string | undefined;
  /** A folder with `ca.crt`, and `tls.crt` with `tls.key` when NATS wants them; read like those. */
  readonly natsTlsDir?: string | undefined;
  /** What NATS allows the user to do, and so where answers come; `writer` without it. */
  readonly role?: ClientRole | undefined;
  /** The cluster's name; without it what `SYNOD_CLUSTER` has, or `local`. */
  readonly cluster?: string | undefined;
  /** Its namespace; without it what `SYNOD_NAMESPACE` has, or `local`, as outside Kubernetes. */
  readonly namespace?: string | undefined;
  /** Every call ends within that many milliseconds, with a result or an error. */
  readonly deadlineMs?: number;
  /** Requests that are under way at a time; more wait in order. */
  readonly maxInFlight?: number;
}

/** With what stands in for what was not given. */
type Settled = ConnectOptions &
  Required<Pick<ConnectOptions, 'deadlineMs' | 'maxInFlight'>> & {
    readonly natsUrl: string;
    readonly cluster: string;
    readonly namespace: string;
    readonly role: ClientRole;
  };

/** @throws SynodError `INVALID_ARGUMENT` */
function settled(options: ConnectOptions): Settled {
  checkOptions('what connect takes', options);
  const { deadlineMs = 10_000, maxInFlight = 1024, role = 'writer' } = options;
  const natsUrl = options.natsUrl ?? variable('SYNOD_NATS_URL');
  const cluster = options.cluster ?? variable('SYNOD_CLUSTER') ?? DEFAULT_CLUSTER;
  const namespace = options.namespace ?? variable('SYNOD_NAMESPACE') ?? DEFAULT_NAMESPACE;
  checkText('natsUrl', natsUrl, 'the URL of a NATS server, here or in the variable SYNOD_NATS_URL');
  checkName('cluster', cluster);
  checkName('namespace', namespace);
  checkOneOf('role', role, clientRoles);
  checkMilliseconds('deadlineMs', deadlineMs);
  checkCount('maxInFlight', maxInFlight, 1);
  return { ...options, natsUrl: natsUrl ?? '', cluster, namespace, role, deadlineMs, maxInFlight };
}

/** An empty one counts as none. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/**
 * Connects to a cluster. What is not given is taken from the variables that `synod` knows, too.
 * @throws SynodError `INVALID_ARGUMENT`; `UNREACHABLE` when NATS does not answer in time;
 * `NOT_ADMITTED` or `NOT_ALLOWED` when it refuses the user
 */
export async function connect(given: ConnectOptions = {}): Promise<SynodClient> {
  const options = settled(given);
  const { natsUrl, natsCredentialsDir, natsTlsDir, deadlineMs } = options;
  const { namespace, cluster, role } = options;
  const id = randomBytes(16).toString('hex');
  const access = { url: natsUrl, credentialsDir: natsCredentialsDir, tlsDir: natsTlsDir };
  const inbox = subjectsOf(namespace, cluster).inbox(role);
  const refusals = new Refusals();
  const name = `synod client ${id.slice(0, 8)}`;
  const dialMs = Math.min(deadlineMs / natsServersOf(access.url).length, 5_000);
  const asked = { access, name, inboxPrefix: inbox, echo: true, dialMs };
  const link = await NatsLink.tryToOpen(asked, refusals);
  if ('sentence' in link) throw new SynodError(link.code, { detail: link.sentence });
  const client = new SynodClient({ link, refusals, id, inbox }, options);
  await client.admitted();
  return client;
}

/** What a client sends last has so many ms to leave. */
const FAREWELL_MS = 1_000;

/** Of one client. */
interface Connected {
  readonly link: NatsLink;
  readonly refusals: Refusals;
  /** 32 hex digits, drawn for this client alone. */
  readonly id: string;
  readonly inbox: string;
}

/**
 * A client of one cluster. Commands run exactly once, however often they had to be sent; each call
 * ends within the deadline, with its result or a `SynodError`.
 */
export class SynodClient implements CommandPort {
  /** For whoever runs the cluster: status, members, leadership, snapshots. */
  readonly admin: Admin;
  /** For a cluster whose quorum is lost for good. */
  readonly recovery: Recovery;
  readonly #link: NatsLink;
  readonly #lanes: Lanes;
  readonly #requests: AdminRequests;

  /** Use `connect`. */
  constructor({ link, refusals, id, inbox }: Connected, options: Settled) {
    const { namespace, cluster, role, deadlineMs, maxInFlight } = options;
    this.#link = link;
    const subjects = subjectsOf(namespace, cluster);
    const common = { link, refusals, subjects, inbox, deadlineMs };
    const leading = subjects.leading(role);
    this.#lanes = new Lanes({ ...common, leading, client: id, maxInFlight });
    this.#requests = new AdminRequests(common);
    this.admin = new Admin(this.#requests);
    this.recovery = new Recovery(this.#requests);
  }

  /**
   * `connect` waits for it.
   * @throws SynodError `NOT_ALLOWED`: it cannot hear answers; it is closed then
   */
  async admitted(): Promise<void> {
    await this.#link.flush();
    const { deaf } = this.#lanes;
    if (deaf === undefined) return;
    await this.close();
    throw deaf;
  }

  /** Whether NATS is there. While it is not, calls wait for it until their deadline. */
  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  /** Proposes operations of the cluster's machine; they run in order, each exactly once. */
  async propose(operations: readonly Uint8Array[]): Promise<Answer> {
    checkOperations(operations);
    return this.#lanes.request(operations);
  }

  /**
   * Reads by operations of the cluster's machine that change nothing; they are in no log.
   * `slot` is the last one that was applied.
   */
  async read(operations: readonly Uint8Array[], options: ReadOptions = {}): Promise<Answer> {
    checkOperations(operations);
    checkOptions('what read takes', options);
    const { consistency = 'linearizable' } = options;
    checkConsistency(consistency);
    return this.#lanes.read(operations, consistency);
  }

  /**
   * The calls of the cluster's machine, such as `machine(chatLog).append('hello')`. With those of
   * another machine, each call ends with `INVALID_OPERATION`.
   */
  machine<Calls>(machine: MachineCalls<Calls>): Calls {
    checkMachineCalls(machine);
    return machine.over(this);
  }

  /** Ends the connection. Calls that wait for an answer, and later ones, end with `CLOSED`. */
  async close(): Promise<void> {
    this.#requests.close();
    if (this.#lanes.close()) await this.#link.answers(FAREWELL_MS);
    await this.#link.close();
  }
}
