import { AdminRequests } from '../../../client/src/admin-requests.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import {
  parseMembershipAnswer,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../../contract/src/membership.ts';
import type { NatsTrouble } from '../../../link/src/nats-access.ts';
import type { RecoveryRequest, SetAsideRequest } from '../../../contract/src/recovery.ts';
import type { MemberStatus, WaitingStatus } from '../../../contract/src/status.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Figure } from '../api/status.ts';
import type { Address, Heard, Members, Objects } from '../ports.ts';
import { httpStatus } from './http-status.ts';
import { downAt, NatsLinks, type ClusterName, type OpenLink } from './nats-links.ts';
import { SecretError, secretsOf } from './secrets.ts';
import { Witness } from './witness.ts';

/** Longer than a leader waits for a change to settle. */
const CHANGE_MS = 6_000;
const ANSWER_MS = 3_000;
/** Over NATS, members that are there answer at once. */
const SURVEY_MS = 500;
/** So does a server of NATS that is there. */
const PROBE_MS = 1_000;

type Look = (address: Address) => Promise<MemberStatus | WaitingStatus | undefined>;

export interface NatsMembersInit {
  /** For the Secrets that specs name. */
  readonly objects: Objects;
  /** Asks a pod at its own address. */
  readonly look?: Look;
  /** A member said something new of its log. */
  readonly onFigure?: (cluster: ClusterName) => void;
}

/** Looks at members in two ways, at their pods and over NATS, and commands them over NATS. */
export class NatsMembers implements Members {
  readonly #objects: Objects;
  readonly #look: Look;
  readonly #links = new NatsLinks();
  readonly #witness: Witness;

  constructor({ objects, look = ({ ip }) => httpStatus(ip), onFigure }: NatsMembersInit) {
    this.#witness = new Witness(onFigure);
    this.#objects = objects;
    this.#look = look;
  }

  async look(cluster: PaxosCluster, addresses: readonly Address[]): Promise<Heard> {
    const [seen, over] = await Promise.all([
      Promise.all(addresses.map((address) => this.#statusAt(cluster, address))),
      this.#survey(cluster, addresses),
    ]);
    const figures = this.#witness.figuresOf(cluster.metadata);
    const http = new Map<string, MemberStatus>();
    const waiting = new Map<string, string>();
    for (const [pod, status] of seen.flat()) {
      if (status.role === 'waiting') waiting.set(pod, status.alarms.join(' '));
      else http.set(pod, status);
    }
    return { http, waiting, figures, ...over };
  }

  /**
   * Asks the members over NATS alone, as they were asked last.
   * @param count no more answers are waited for
   * @returns `undefined` when they can't be asked so
   */
  async glance(cluster: ClusterName, count: number): Promise<MemberStatus[] | undefined> {
    const open = this.#links.current(cluster);
    if (open === undefined) return undefined;
    try {
      return await requestsOf(open, cluster).status({ expect: count, waitMs: SURVEY_MS });
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      return undefined;
    }
  }

  async form(cluster: PaxosCluster, member: string, first: FirstConfiguration): Promise<void> {
    const { requests } = await this.#open(cluster);
    await requests.form(member, first);
  }

  async change(cluster: PaxosCluster, request: MembershipRequest): Promise<MembershipAnswer> {
    const { requests } = await this.#open(cluster);
    const { membership } = requests.subjects;
    const text = await requests.ask(membership, JSON.stringify(request), 'NO_LEADER', CHANGE_MS);
    const answer = parseMembershipAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    return answer;
  }

  async transfer(cluster: PaxosCluster, to: string): Promise<void> {
    const { requests } = await this.#open(cluster);
    await requests.transfer(to);
  }

  async recover(cluster: PaxosCluster, member: string, request: RecoveryRequest): Promise<void> {
    const { requests } = await this.#open(cluster);
    await requests.recover(member, request);
  }

  async setAside(cluster: PaxosCluster, member: string, request: SetAsideRequest): Promise<void> {
    const { requests } = await this.#open(cluster);
    await requests.setAside(member, request);
  }

  /** How far the logs of a cluster's members go, as far as they said. */
  figuresOf(cluster: ClusterName): Figure[] {
    return this.#witness.figuresOf(cluster);
  }

  /** Of a cluster that is gone. */
  forget(cluster: ClusterName): Promise<void> {
    this.#witness.forget(cluster);
    return this.#links.forget(cluster);
  }

  close(): Promise<void> {
    return this.#links.close();
  }

  /** An address may be another pod's by now: who answers has to say that it is this one. */
  async #statusAt(
    { metadata }: PaxosCluster,
    address: Address,
  ): Promise<[string, MemberStatus | WaitingStatus][]> {
    const status = await this.#look(address);
    const isOfCluster =
      status?.cluster === metadata.name && [metadata.namespace, ''].includes(status.namespace);
    return isOfCluster && status.name === address.pod ? [[address.pod, status]] : [];
  }

  /** A pod that is gone may still answer: it does not stand for one that is there. */
  async #survey(
    cluster: PaxosCluster,
    addresses: readonly Address[],
  ): Promise<Pick<Heard, 'nats' | 'connection'>> {
    const enough = (found: readonly MemberStatus[]) =>
      addresses.every(({ pod }) => found.some(({ name }) => name === pod));
    try {
      const { requests, link, isUnbroken } = await this.#open(cluster);
      const nats = await requests.status({ enough, waitMs: SURVEY_MS });
      // Whoever was asked over a connection that leads nowhere, or broke, need not be silent.
      const isHeard = enough(nats) || (await link.answers(PROBE_MS));
      if (!isHeard || !isUnbroken()) throw shutOut(downAt(cluster.spec.nats.url));
      return { nats, connection: { up: true } };
    } catch (error) {
      const isSaid = error instanceof SecretError || error instanceof SynodError;
      if (!isSaid) throw error;
      return { nats: [], connection: { up: false, why: error.message } };
    }
  }

  async #open(cluster: PaxosCluster): Promise<OpenLink & { readonly requests: AdminRequests }> {
    const open = await this.#links.use(cluster, await secretsOf(this.#objects, cluster));
    if ('code' in open) throw shutOut(open);
    this.#witness.listen(cluster, open.link);
    return { ...open, requests: requestsOf(open, cluster.metadata) };
  }
}

function requestsOf({ link, refusals }: OpenLink, { namespace, name }: ClusterName): AdminRequests {
  const subjects = subjectsOf(namespace, name);
  const inbox = subjects.inbox('operator');
  return new AdminRequests({ link, refusals, subjects, inbox, deadlineMs: ANSWER_MS });
}

function shutOut({ code, sentence }: NatsTrouble): SynodError {
  return new SynodError(code, { detail: sentence });
}
