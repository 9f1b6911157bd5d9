import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import { MAX_VOTERS } from '../../../contract/src/first-configuration.ts';
import {
  parseMembershipRequest,
  type MemberLists,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../../contract/src/membership.ts';
import type { Change } from '../paxos/system-command.ts';
import type { Configuration } from '../paxos/configuration.ts';
import type { Driver } from './driver.ts';
import type { Logger } from '../../../host/src/logger.ts';
import { LogThrottle } from './log-throttle.ts';

/** Together shorter than a client waits: it gets a typed answer, and asks again. */
const LAG_MS = 1_000;
const SETTLE_MS = 4_000;

/** Changes the members on request, while this one leads. */
export class Membership {
  readonly #driver: Driver;
  readonly #log: Logger;
  readonly #asked = new LogThrottle<MembershipRequest['step']>();
  readonly #answered = new LogThrottle<ErrorCode | MembershipRequest['step']>();

  constructor(driver: Driver, log: Logger) {
    this.#driver = driver;
    this.#log = log;
  }

  /** Answers a request once its change has settled; one that was sent again changes nothing. */
  async answer(text: string): Promise<MembershipAnswer> {
    const request = parseMembershipRequest(text);
    if (request === undefined) return refused('MALFORMED');
    this.#asked.pass(request.step, () => this.#log.info(request, 'asked to change the members'));
    const answer = await this.#change(request);
    const told = { ...request, ...answer };
    if (answer.ok) {
      this.#answered.pass(request.step, () => this.#log.info(told, 'members changed'));
    } else {
      this.#answered.pass(answer.code, () => this.#log.info(told, 'members not changed'));
    }
    return answer;
  }

  async #change(request: MembershipRequest): Promise<MembershipAnswer> {
    // The state on a learner's disk is a checkpoint behind: one that lags does so for longer.
    await this.#driver.until(() => this.#refusalOf(request) !== 'LAGS', LAG_MS);
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) return refused(refusal);
    const { newest } = this.#driver.member.configurations;
    if (!isShown(request, newest)) {
      this.#driver.input({ type: 'reconfigure', change: changeOf(request, newest) });
    }
    return this.#settle(request);
  }

  /** Why a change is not made; `undefined` when it is to be made, or most likely was. */
  #refusalOf(request: MembershipRequest): ErrorCode | undefined {
    const { member } = this.#driver;
    const { newest } = member.configurations;
    const change = changeOf(request, newest);
    const refusal = member.refusalOf(change);
    if (refusal === 'NOT_LEADING') return refusal;
    if (isShown(request, newest)) {
      // With the base moved on, it is most likely that of an answer which was lost.
      if (request.base < newest.number) return undefined;
      return request.step === 'remove' ? 'UNKNOWN_MEMBER' : 'ALREADY_MEMBER';
    }
    if (isTooMany(change, newest)) return 'TOO_MANY_VOTERS';
    return refusal ?? (member.settled ? undefined : 'PENDING');
  }

  /**
   * Waits until the change is decided and in force, and a quorum of the new configuration has
   * every slot before it on disk: only then may the process of a removed member be stopped.
   */
  async #settle(request: MembershipRequest): Promise<MembershipAnswer> {
    await this.#driver.until(() => this.#outcomeOf(request) !== undefined, SETTLE_MS);
    const { newest } = this.#driver.member.configurations;
    const late = isShown(request, newest) ? 'NOT_SETTLED' : 'TIMED_OUT';
    return this.#outcomeOf(request) ?? refused(late);
  }

  /** What came of a change that was proposed; `undefined` while it is under way. */
  #outcomeOf(request: MembershipRequest): MembershipAnswer | undefined {
    const { member } = this.#driver;
    if (member.leading === undefined) return refused('NOT_LEADING');
    const { newest } = member.configurations;
    const isDone = isShown(request, newest);
    // Another change of the same base came first, and made this one void.
    if (!isDone && newest.number > request.base) return refused('OUTDATED');
    return isDone && member.settled ? { ok: true, configuration: listsOf(newest) } : undefined;
  }
}

/** The change that a request means in the newest configuration. */
export function changeOf(request: MembershipRequest, newest: Configuration): Change {
  const { step, member, base, force } = request;
  const voters = newest.voters.filter((voter) => step !== 'remove' || voter !== member);
  const learners = newest.learners.filter((learner) => learner !== member);
  if (step === 'promote') voters.push(member);
  if (step === 'add') learners.push(member);
  return { base, voters, learners, forced: force };
}

/** Whether a configuration has already what is asked for. */
export function isShown({ step, member }: MembershipRequest, newest: Configuration): boolean {
  const votes = newest.voters.includes(member);
  if (step === 'promote') return votes;
  return (votes || newest.learners.includes(member)) === (step === 'add');
}

/** Whether one more voter would be more than a cluster may have. */
export function isTooMany({ voters }: Change, newest: Configuration): boolean {
  return voters.length > Math.max(MAX_VOTERS, newest.voters.length);
}

function refused(code: ErrorCode): MembershipAnswer {
  return { ok: false, code };
}

function listsOf({ number, voters, learners }: Configuration): MemberLists {
  return { number, voters, learners };
}
