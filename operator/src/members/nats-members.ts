import { Admin } from '../../../client/src/sdk/admin.ts';
import { SynodError } from '../../../client/src/sdk/synod-error.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import {
  parseMembershipAnswer,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../../contract/src/membership.ts';
import type { RecoveryRequest } from '../../../contract/src/recovery.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Address, Heard, Members, Objects } from '../reconcile/ports.ts';
import { httpStatus } from './http-status.ts';
import { NatsLinks } from './nats-links.ts';
import { SecretError, secretsOf, type Credentials } from './secrets.ts';

/** Longer than a leader waits for a change to settle. */
const CHANGE_MS = 6_000;
const ANSWER_MS = 3_000;
/** Over NATS, members that are there answer at once. */
const SURVEY_MS = 500;

export interface NatsMembersInit {
  /** For the Secrets that specs name. */
  readonly objects: Objects;
  /** Of clusters whose specs have none for the operator. */
  readonly credentials?: Credentials;
  /** Asks a pod at its own address. */
  readonly look?: (address: Address) => Promise<MemberStatus | undefined>;
}

/** Looks at members in two ways, at their pods and over NATS, and commands them over NATS. */
export class NatsMembers implements Members {
  readonly #objects: Objects;
  readonly #credentials: Credentials | undefined;
  readonly #look: (address: Address) => Promise<MemberStatus | undefined>;
  readonly #links = new NatsLinks();

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

  async recover(cluster: PaxosCluster, member: string, request: RecoveryRequest): Promise<void> {
    await (await this.#admin(cluster)).recover(member, request);
  }

  async setAside(cluster: PaxosCluster, member: string, request: RecoveryRequest): Promise<void> {
    await (await this.#admin(cluster)).setAside(member, request);
  }

  close(): Promise<void> {
    return this.#links.close();
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
    const secrets = await secretsOf(this.#objects, cluster, this.#credentials);
    const open = await this.#links.use(cluster, secrets);
    if (typeof open === 'string') throw new SynodError('UNREACHABLE', { detail: open });
    const { namespace, name } = cluster.metadata;
    const subjects = subjectsOf(namespace, name);
    return new Admin({
      ...open,
      subjects,
      inbox: subjects.inbox('operator'),
      deadlineMs: ANSWER_MS,
    });
  }
}
