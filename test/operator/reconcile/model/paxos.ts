import { SynodError } from '../../../../contract/src/synod-error.ts';
import type { FirstConfiguration } from '../../../../contract/src/first-configuration.ts';
import type { MembershipAnswer, MembershipRequest } from '../../../../contract/src/membership.ts';
import { refusalOf } from '../../../../node/src/paxos/change.ts';
import {
  firstConfiguration,
  type Configuration,
} from '../../../../node/src/paxos/configuration.ts';
import { changeOf, isShown, isTooMany } from '../../../../node/src/service/membership.ts';

/** What the members of a cluster have decided: what every one of them comes to know. */
export class Paxos {
  readonly first: FirstConfiguration;
  newest: Configuration;
  leader: string | undefined;
  /** Whether a change takes until `settle` to be in force and on disks. */
  isSlow = false;
  /** The configuration before the newest one, until that is in force. */
  #former: Configuration | undefined;

  constructor(first: FirstConfiguration) {
    this.first = first;
    this.newest = firstConfiguration(first.members, first.window);
  }

  names(id: string): boolean {
    return this.newest.voters.includes(id) || this.newest.learners.includes(id);
  }

  /** Its vote may count yet. */
  isStillNeeded(id: string): boolean {
    return this.#former?.voters.includes(id) === true;
  }

  settle(): void {
    if (this.leader !== undefined) this.#former = undefined;
  }

  quorum(voters = this.newest.voters): number {
    return Math.floor(voters.length / 2) + 1;
  }

  /** @param isUp whether a member can vote now */
  elect(isUp: (id: string) => boolean): void {
    const up = this.newest.voters.filter(isUp);
    if (up.length < this.quorum()) this.leader = undefined;
    else if (this.leader === undefined || !up.includes(this.leader)) [this.leader] = up;
  }

  /** As the leader answers; the rules are the node's own. */
  change(
    request: MembershipRequest,
    isUp: (id: string) => boolean,
    hasCaughtUp: (id: string) => boolean,
  ): MembershipAnswer {
    if (this.leader === undefined) throw new SynodError('NO_LEADER');
    const { newest } = this;
    const change = changeOf(request, newest);
    if (isShown(request, newest)) {
      if (request.base < newest.number) return this.#done();
      return { ok: false, code: request.step === 'remove' ? 'UNKNOWN_MEMBER' : 'ALREADY_MEMBER' };
    }
    if (this.#former !== undefined) return { ok: false, code: 'PENDING' };
    if (isTooMany(change, newest)) return { ok: false, code: 'TOO_MANY_VOTERS' };
    const code = refusalOf(change, newest, true);
    if (code !== undefined) return { ok: false, code };
    const { voters, learners } = change;
    if (voters.filter(isUp).length < this.quorum(voters)) return { ok: false, code: 'NO_QUORUM' };
    const added = voters.filter((voter) => !newest.voters.includes(voter));
    if (!added.every(hasCaughtUp)) return { ok: false, code: 'LAGS' };
    if (this.isSlow) this.#former = newest;
    this.newest = { ...newest, number: newest.number + 1, voters, learners };
    this.elect(isUp);
    return this.#done();
  }

  #done(): MembershipAnswer {
    if (this.#former !== undefined) return { ok: false, code: 'NOT_SETTLED' };
    const { number, voters, learners } = this.newest;
    return { ok: true, configuration: { number, voters, learners } };
  }
}
