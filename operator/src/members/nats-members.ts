import { Admin } from '../../../client/src/sdk/admin.ts';
import { SynodError } from '../../../client/src/sdk/synod-error.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import {
  parseMembershipAnswer,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../../contract/src/membership.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Address, Heard, Members, Objects } from '../reconcile/ports.ts';
import { httpStatus } from './http-status.ts';
import { natsAccess, SecretError, type Credentials } from './nats-access.ts';
import { NatsConnections } from './nats-connections.ts';

/** Longer than a leader waits for a change to settle. */
const CHANGE_MS = 6_000;
const ANSWER_MS = 3_000;
/** Over NATS, members that are there answer at once. */
const SURVEY_MS = 500;

export interface NatsMembersInit {
  /** For the Secrets that specs name. */
  readonly objects: Objects;
  /** Without them, the operator connects as the members do. */
  readonly credentials?: Credentials;
  /** Asks a pod at its own address. */
  readonly look?: (address: Address) => Promise<MemberStatus | undefined>;
}

/** Looks at members in two ways, at their pods and over NATS, and commands them over NATS. */
export class NatsMembers implements Members {
  readonly #objects: Objects;
  readonly #credentials: Credentials | undefined;
  readonly #look: (address: Address) => Promise<MemberStatus | undefined>;
  readonly #connections = new NatsConnections();

  constructor({ objects, credentials, look = ({ ip }) => httpStatus(ip) }: NatsMembersInit) {
    this.#objects = objects;
    this.#credentials = credentials;
    this.#look = look;
  }

  async look(cluster: PaxosCluster, addresses: readonly Address[]): Promise<Heard> {
    const [seen, over] = await Promise.all([
      Promise.all(addresses.map((address) => this.#statusAt(cluster, address))),
      this.#survey(cluster, addresses.length),
    ]);
    return { http: new Map(seen.flat()), ...over };
  }

  async form(cluster: PaxosCluster, member: string, first: FirstConfiguration): Promise<void> {
    await (await this.#admin(cluster)).form(member, first);
  }

  async change(cluster: PaxosCluster, request: MembershipRequest): Promise<MembershipAnswer> {
    const admin = await this.#admin(cluster);
    const { membership } = admin.subjects;
    const text = await admin.ask(membership, JSON.stringify(request), 'NO_LEADER', CHANGE_MS);
    const answer = parseMembershipAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    return answer;
  }

  async transfer(cluster: PaxosCluster, to: string): Promise<void> {
    await (await this.#admin(cluster)).transfer(to);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** An address may be another pod's by now: who answers has to say that it is this one. */
  async #statusAt(cluster: PaxosCluster, address: Address): Promise<[string, MemberStatus][]> {
    const status = await this.#look(address);
    const isIt = status?.name === address.pod && status.cluster === cluster.metadata.name;
    return isIt ? [[address.pod, status]] : [];
  }

  async #survey(
    cluster: PaxosCluster,
    expect: number,
  ): Promise<Pick<Heard, 'nats' | 'connection'>> {
    try {
      const admin = await this.#admin(cluster);
      const nats = await admin.status({ expect, waitMs: SURVEY_MS });
      return { nats, connection: { up: true } };
    } catch (error) {
      const isSaid = error instanceof SecretError || error instanceof SynodError;
      if (!isSaid) throw error;
      return { nats: [], connection: { up: false, why: error.message } };
    }
  }

  async #admin(cluster: PaxosCluster): Promise<Admin> {
    const access = await natsAccess(this.#objects, cluster, this.#credentials);
    const connection = await this.#connections.use(access);
    if (typeof connection === 'string') {
      throw new SynodError('UNREACHABLE', { detail: connection });
    }
    const { namespace, name } = cluster.metadata;
    return new Admin(connection, subjectsOf(namespace, name), ANSWER_MS);
  }
}
