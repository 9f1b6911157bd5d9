import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { MemberLists } from '../../contract/src/membership.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import type { AdminRequests, StatusOptions } from './admin-requests.ts';
import type { Members } from './members.ts';
import { Membership, type ChangeOptions } from './membership.ts';
import { snapshotOf, type SnapshotOptions, type SnapshotPart } from './snapshot.ts';

/**
 * What whoever runs a cluster asks of it. Each call ends within the client's deadline, but for
 * `status` and `snapshot`, which have times of their own.
 */
export class Admin {
  readonly #requests: AdminRequests;
  readonly #membership: Membership;

  constructor(requests: AdminRequests) {
    this.#requests = requests;
    this.#membership = new Membership(requests);
  }

  /** Asks every member for its status. */
  async status(options: StatusOptions = {}): Promise<MemberStatus[]> {
    return this.#requests.status(options);
  }

  /**
   * A snapshot of a member's state: the bytes of its file, part after part. See snapshot.ts.
   * @param member its id
   */
  snapshot(member: string, options: SnapshotOptions = {}): AsyncGenerator<SnapshotPart, void> {
    return snapshotOf(this.#requests, member, options);
  }

  /**
   * Has another member lead. Commands that are under way run all the same, once each.
   * @param to a voter's id; without it the leader chooses who has applied the most
   * @returns the id of the new leader
   * @throws SynodError `NO_LEADER`, `UNKNOWN_MEMBER`, or `NOT_TRANSFERRED`: the leader leads on
   */
  async transferLeadership(to?: string): Promise<string> {
    return this.#requests.transfer(to);
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
    return this.#requests.form(member, first);
  }
}
