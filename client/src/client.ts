import { randomBytes } from 'node:crypto';
import {
  encodeChatOperation,
  parseChatResult,
  type ChatOperation,
  type ChatResult,
} from '../../contract/src/chat-log.ts';
import { encodeCounterOperation, parseCounterResult } from '../../contract/src/counter.ts';
import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { MemberLists } from '../../contract/src/membership.ts';
import { serversOf } from '../../link/src/nats-access.ts';
import { NatsLink } from '../../link/src/nats-link.ts';
import type { Consistency } from '../../contract/src/read-request.ts';
import type { RecoveryRequest } from '../../contract/src/recovery.ts';
import { clientRoles, type ClientRole } from '../../contract/src/roles.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { DEFAULT_CLUSTER, DEFAULT_NAMESPACE, subjectsOf } from '../../contract/src/subjects.ts';
import { Admin, type StatusOptions } from './admin.ts';
import {
  checkConsistency,
  checkCount,
  checkMilliseconds,
  checkName,
  checkNumber,
  checkOneOf,
  checkOperations,
  checkOptions,
  checkRegister,
  checkText,
} from './arguments.ts';
import { Lanes, type Answer } from './lanes.ts';
import type { Members } from './members.ts';
import { Membership, type ChangeOptions } from './membership.ts';
import { Refusals } from './refusals.ts';
import { snapshotOf, type SnapshotOptions, type SnapshotPart } from './snapshot.ts';
import { SynodError } from './synod-error.ts';

export { SynodError };
export type { ClientRole, Consistency };

export interface ReadOptions {
  /**
   * What the read has to have seen; `linearizable` without it: all that was answered to anybody
   * before it. Any member answers, without the leader and without the log (PMMC 4.5).
   */
  readonly consistency?: Consistency;
}

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
  const dialMs = Math.min(deadlineMs / serversOf(access).length, 5_000);
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
export class SynodClient {
  readonly #link: NatsLink;
  readonly #lanes: Lanes;
  readonly #admin: Admin;
  readonly #membership: Membership;

  /** Use `connect`. */
  constructor({ link, refusals, id, inbox }: Connected, options: Settled) {
    const { namespace, cluster, role, deadlineMs, maxInFlight } = options;
    this.#link = link;
    const subjects = subjectsOf(namespace, cluster);
    const common = { link, refusals, subjects, inbox, deadlineMs };
    const leading = subjects.leading(role);
    this.#lanes = new Lanes({ ...common, leading, client: id, maxInFlight });
    this.#admin = new Admin(common);
    this.#membership = new Membership(this.#admin);
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
   * Appends a text to the chat log.
   * @returns its slot and position; `existed` when the text was there before
   */
  async append(text: string): Promise<{ slot: number; position: number; existed: boolean }> {
    checkText('text', text);
    if (!text.isWellFormed()) {
      throw new SynodError('INVALID_OPERATION', { detail: 'the text has half a character' });
    }
    const { slot, result } = await this.#chat({ type: 'append', text });
    if (result.type !== 'appended') throw new SynodError('INVALID_OPERATION');
    return { slot, position: result.position, existed: result.existed };
  }

  /** Reads texts of the chat log. */
  async readTexts(
    page: { readonly from?: number; readonly limit?: number } & ReadOptions = {},
  ): Promise<{ texts: readonly string[]; total: number }> {
    checkOptions('what readTexts takes', page);
    const { from = 0, limit = 1000, consistency = 'linearizable' } = page;
    checkCount('from', from);
    checkCount('limit', limit);
    checkConsistency(consistency);
    const operation = encodeChatOperation({ type: 'read', from, limit });
    const { results } = await this.#lanes.read([operation], consistency);
    const result = parseChatResult(results[0] ?? new Uint8Array());
    if (result.type !== 'texts') throw new SynodError('INVALID_OPERATION');
    return { texts: result.texts, total: result.total };
  }

  async #chat(operation: ChatOperation): Promise<{ slot: number; result: ChatResult }> {
    const { slot, results } = await this.#lanes.request([encodeChatOperation(operation)]);
    return { slot, result: parseChatResult(results[0] ?? new Uint8Array()) };
  }

  /** Adds to a register of the counter machine. @returns the register after it */
  async add(register: string, delta: number): Promise<RegisterValue> {
    checkRegister(register);
    checkNumber('delta', delta);
    return registerValue(
      await this.#lanes.request([encodeCounterOperation({ type: 'add', register, delta })]),
    );
  }

  /** Reads a register of the counter machine. `slot` is the last one that was applied. */
  async readRegister(register: string, options: ReadOptions = {}): Promise<RegisterValue> {
    const { consistency = 'linearizable' } = options;
    checkRegister(register);
    checkConsistency(consistency);
    const operation = encodeCounterOperation({ type: 'read', register });
    return registerValue(await this.#lanes.read([operation], consistency));
  }

  /** Asks every member for its status. */
  async status(options: StatusOptions = {}): Promise<MemberStatus[]> {
    return this.#admin.status(options);
  }

  /**
   * A snapshot of a member's state: the bytes of its file, part after part. See snapshot.ts.
   * @param member its id
   */
  snapshot(member: string, options: SnapshotOptions = {}): AsyncGenerator<SnapshotPart, void> {
    return snapshotOf(this.#admin, member, options);
  }

  /**
   * Has another member lead. Commands that are under way run all the same, once each.
   * @param to a voter's id; without it the leader chooses who has applied the most
   * @returns the id of the new leader
   * @throws SynodError `NO_LEADER`, `UNKNOWN_MEMBER`, or `NOT_TRANSFERRED`: the leader leads on
   */
  async transferLeadership(to?: string): Promise<string> {
    return this.#admin.transfer(to);
  }

  /**
   * The members as the leader has them, and what each of them says of itself.
   * @throws SynodError `NO_LEADER`
   */
  async members(): Promise<Members> {
    return this.#membership.list();
  }

  /**
   * Makes a blank member a learner: it hears everything, and has no vote.
   * @returns the configuration that is in force then
   * @throws SynodError also by the others that change members: see docs/membership.md
   */
  async addMember(id: string): Promise<MemberLists> {
    return this.#membership.change({ step: 'add', member: id, force: false });
  }

  /** Makes a learner that has caught up a voter. */
  async promoteMember(id: string, { force = false }: ChangeOptions = {}): Promise<MemberLists> {
    return this.#membership.change({ step: 'promote', member: id, force });
  }

  /** Makes a voter or learner no member any more. Only then may its process be stopped for good. */
  async removeMember(id: string, { force = false }: ChangeOptions = {}): Promise<MemberLists> {
    return this.#membership.change({ step: 'remove', member: id, force });
  }

  /** Adds a blank member, waits until it has caught up, promotes it, and removes the old one. */
  async replaceMember(old: string, fresh: string): Promise<MemberLists> {
    return this.#membership.replace(old, fresh);
  }

  /**
   * Tells one member the first configuration of its cluster, which it stores for ever. For whoever
   * makes a cluster: see "Identity" in ARCHITECTURE.md.
   * @throws SynodError `NO_MEMBER`, `ANOTHER_CLUSTER`, `DAMAGED`
   */
  async form(member: string, first: FirstConfiguration): Promise<void> {
    return this.#admin.form(member, first);
  }

  /**
   * When the quorum of a cluster is lost for good: has one surviving member begin a new cluster,
   * alone, with what it has applied. It ends, and comes back with another id: docs/failures.md.
   * @throws SynodError `NO_MEMBER`, `ANOTHER_CLUSTER`, `HAS_LEADER`, `DAMAGED`, `INCOMPLETE`,
   *   `PENDING`
   */
  async recover(member: string, request: RecoveryRequest): Promise<void> {
    return this.#admin.recover(member, request);
  }

  /** Has another member of the lost cluster keep its data aside, and come back blank. */
  async setAside(member: string, request: RecoveryRequest): Promise<void> {
    return this.#admin.setAside(member, request);
  }

  /** Ends the connection. Calls that wait for an answer, and later ones, end with `CLOSED`. */
  async close(): Promise<void> {
    this.#admin.close();
    if (this.#lanes.close()) await this.#link.answers(FAREWELL_MS);
    await this.#link.close();
  }
}

function registerValue({ slot, results }: Answer): RegisterValue {
  const result = parseCounterResult(results[0] ?? new Uint8Array());
  if (result === undefined) throw new SynodError('INVALID_OPERATION');
  return { slot, ...result };
}

/** A register of the counter machine: see contract/src/counter.ts. */
export interface RegisterValue {
  readonly slot: number;
  readonly value: number;
  readonly position: number;
}
