import type { ErrorCode } from '../../contract/src/error-codes.ts';
import { MAX_VOTERS } from '../../contract/src/first-configuration.ts';
import {
  parseMembershipAnswer,
  type MemberLists,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../contract/src/membership.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import type { AdminRequests } from './admin-requests.ts';
import { isWhole, leaderOf, membersOf, type Members } from './members.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

export interface ChangeOptions {
  /** Also when the voters that are left would be no quorum of those that answer now. */
  readonly force?: boolean;
}

/** What it asks by. */
export type MembershipRequests = Pick<
  AdminRequests,
  'ask' | 'deadlineMs' | 'form' | 'status' | 'subjects'
>;

type Step = Pick<MembershipRequest, 'step' | 'member' | 'force'>;

/** Longer than a leader waits for a change to settle. */
const ANSWER_MS = 6_000;
const PAUSE_MS = 100;

/** What the same request may overcome: what it asks for is not done twice. */
const transient: readonly ErrorCode[] = [
  'NO_LEADER',
  'NOT_LEADING',
  'PENDING',
  'NOT_SETTLED',
  'TIMED_OUT',
];

/** Changes the members of a cluster, one at a time. Each call ends within the deadline. */
export class Membership {
  readonly #requests: MembershipRequests;

  constructor(requests: MembershipRequests) {
    this.#requests = requests;
  }

  /** The members as the leader has them, and what each of them says of itself. */
  async list(): Promise<Members> {
    return membersOf(await this.#statuses(this.#deadline(), isWhole));
  }

  /** Makes one change. @returns the configuration that is in force then */
  async change(step: Step): Promise<MemberLists> {
    return this.#change(step, this.#deadline(), transient);
  }

  /**
   * Puts one member in the place of another. What has been done already is not done again, so
   * that a call which was cut off can be repeated.
   */
  async replace(old: string, fresh: string): Promise<MemberLists> {
    const deadline = this.#deadline();
    const { members, lists } = membersOf(await this.#statuses(deadline, isWhole));
    const roleOf = (id: string) => members.find((each) => each.id === id)?.role ?? 'outsider';
    const [was, is] = [roleOf(old), roleOf(fresh)];
    if (old === fresh) throw new SynodError('ALREADY_MEMBER', { detail: fresh });
    // Of seven, the old one goes first: a call may have been cut off just then.
    const isHalfDone = is === 'learner' && lists.voters.length === MAX_VOTERS - 1;
    if (was === 'outsider' && is !== 'voter' && !isHalfDone) {
      throw new SynodError('UNKNOWN_MEMBER', { detail: old });
    }
    const step = (step: Step['step'], member: string, retried = transient) =>
      this.#change({ step, member, force: false }, deadline, retried);
    if (is === 'outsider') await step('add', fresh);
    // It has caught up, but the leader may hear of it a little later.
    const promote = () => step('promote', fresh, [...transient, 'LAGS']);
    if (is !== 'voter' && (was === 'voter' || isHalfDone)) {
      await this.#caughtUp(fresh, deadline);
      if (was === 'voter' && lists.voters.length >= MAX_VOTERS) await step('remove', old);
      const promoted = await promote();
      if (was === 'outsider' || lists.voters.length >= MAX_VOTERS) return promoted;
    }
    return was === 'outsider' ? lists : step('remove', old);
  }

  #deadline(): number {
    return performance.now() + this.#requests.deadlineMs;
  }

  async #change(step: Step, deadline: number, retried: readonly ErrorCode[]): Promise<MemberLists> {
    if (step.step === 'add') await this.#form(step.member, deadline);
    let from = await this.#newest(deadline);
    let refusal: SynodError | undefined;
    for (;;) {
      const answer = await this.#ask({ ...step, base: from.number }, deadline);
      if (answer.ok) return answer.configuration;
      const { code } = answer;
      // That time is up says less than why it was not done before.
      if (code !== 'TIMED_OUT') refusal = undefined;
      refusal ??= new SynodError(code, { detail: step.member });
      if (performance.now() >= deadline) throw refusal;
      if (code === 'OUTDATED') {
        const newest = await this.#newest(deadline);
        // Whoever else removed one meanwhile may not have meant two.
        const isFewer = from.voters.some((voter) => !newest.voters.includes(voter));
        if (step.step === 'remove' && isFewer) throw refusal;
        from = newest;
      } else if (!retried.includes(code)) {
        throw refusal;
      }
      await pause();
    }
  }

  /**
   * Who was not told the cluster would hear nothing of it: it is told now.
   * @throws SynodError `NO_MEMBER`: nobody has that id, and it would be a member for good
   */
  async #form(id: string, deadline: number): Promise<void> {
    const isThere = (found: readonly MemberStatus[]) => found.some(({ member }) => member === id);
    const both = (found: readonly MemberStatus[]) => hasLeader(found) && isThere(found);
    const statuses = await this.#statuses(deadline, both);
    const { leader, members } = membersOf(statuses);
    if (!members.some((member) => member.id === id))
      throw new SynodError('NO_MEMBER', { detail: id });
    const first = leader?.firstConfiguration ?? null;
    const isUntold = statuses.some(({ member, role }) => member === id && role === 'unformed');
    if (isUntold && first !== null) await this.#requests.form(id, first);
  }

  async #ask(request: MembershipRequest, deadline: number): Promise<MembershipAnswer> {
    const waitMs = Math.max(1, Math.min(ANSWER_MS, deadline - performance.now()));
    const { membership } = this.#requests.subjects;
    try {
      const text = await this.#requests.ask(
        membership,
        JSON.stringify(request),
        'NO_LEADER',
        waitMs,
      );
      const answer = parseMembershipAnswer(text);
      if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
      return answer;
    } catch (error) {
      const isTransient = error instanceof SynodError && transient.includes(error.code);
      if (isTransient) return { ok: false, code: error.code };
      throw error;
    }
  }

  /** Waits until a learner has applied what the leader had when it was asked. */
  async #caughtUp(id: string, deadline: number): Promise<void> {
    const target = leaderOf(await this.#statuses(deadline, hasLeader))?.slotOut ?? 0;
    for (;;) {
      const answered = (found: readonly MemberStatus[]) =>
        found.some(({ member }) => member === id);
      const statuses = await this.#requests.status({ enough: answered });
      const slotOut = statuses.find(({ member }) => member === id)?.slotOut;
      if (slotOut !== undefined && slotOut >= target) return;
      if (performance.now() >= deadline) {
        const seen = slotOut === undefined ? 'does not answer' : `is at slot ${slotOut}`;
        throw new SynodError('TIMED_OUT', { detail: `${id} ${seen}; ${target} is the leader's` });
      }
      await pause();
    }
  }

  /** The newest configuration as the leader has it. */
  async #newest(deadline: number): Promise<MemberLists> {
    return membersOf(await this.#statuses(deadline, hasLeader)).lists;
  }

  /** Statuses with a leader's among them. @throws SynodError `NO_LEADER` */
  async #statuses(
    deadline: number,
    enough: (found: readonly MemberStatus[]) => boolean,
  ): Promise<MemberStatus[]> {
    for (;;) {
      const statuses = await this.#requests.status({ enough });
      if (hasLeader(statuses)) return statuses;
      if (performance.now() >= deadline) throw new SynodError('NO_LEADER');
      await pause();
    }
  }
}

function hasLeader(statuses: readonly MemberStatus[]): boolean {
  return leaderOf(statuses) !== undefined;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
