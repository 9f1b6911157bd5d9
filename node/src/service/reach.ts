import type { MemberId } from '../paxos/ballot.ts';
import type { Reach as ReachMessage } from '../paxos/messages.ts';
import { Hearing } from './hearing.ts';

export interface ReachPorts {
  readonly self: MemberId;
  /** Of them one may lead. */
  voters(): readonly MemberId[];
  /** They have to be reached, too: a cluster grows by them. */
  learners(): readonly MemberId[];
  say(to: MemberId, message: ReachMessage): void;
}

const ASK_TICKS = 100;
/** So often one after the other a voter has to be the better one. */
const ROUNDS = 3;
/** After another one was asked to lead: it may have a reason not to lead, a slow disk, say. */
const REST_TICKS = 3_000;

/**
 * Finds, for a leader that does not hear a member, another one that reaches more: one that reaches
 * all whom this leader reaches, and somebody else, too. So a hand-over is never answered by one
 * back. The voters are asked to reach members in its place, and nobody is asked while all are heard
 * (indirect probes: SWIM; Das, Gupta and Motivala, 2002).
 */
export class Reach {
  readonly #ports: ReachPorts;
  readonly #hearing: Hearing;
  /** Whom each one reached in this round. */
  readonly #found = new Map<MemberId, Set<MemberId>>();
  #ticks = 0;
  #better: { readonly member: MemberId; readonly rounds: number } | undefined;
  /** Ticks that are left, also while another one leads: it may hand over to this one at once. */
  #rest = 0;

  /** @param silentTicks the silence of a member after which the others are asked for it */
  constructor(ports: ReachPorts, silentTicks: number) {
    this.#ports = ports;
    this.#hearing = new Hearing(silentTicks);
  }

  heard(from: MemberId): void {
    this.#hearing.heard(from);
  }

  told(from: MemberId, { step, member }: ReachMessage): void {
    switch (step) {
      case 'ask':
        if (this.#others.includes(member)) this.#say(member, 'call', from);
        break;
      case 'call':
        this.#say(from, 'answer', member);
        break;
      case 'answer':
        if (this.#others.includes(member)) this.#say(member, 'found', from);
        break;
      case 'found':
        if (this.#others.includes(member)) this.#found.get(from)?.add(member);
        break;
    }
  }

  get #others(): MemberId[] {
    const members = [...this.#ports.voters(), ...this.#ports.learners()];
    return members.filter((member) => member !== this.#ports.self);
  }

  #say(to: MemberId, step: ReachMessage['step'], member: MemberId): void {
    this.#ports.say(to, { type: 'reach', step, member });
  }

  /**
   * One tick passed.
   * @returns who is to lead in this one's place, if somebody is
   */
  tick(isLeading: boolean): MemberId | undefined {
    const others = this.#others;
    this.#rest = Math.max(0, this.#rest - 1);
    this.#hearing.tick(isLeading ? others : []);
    const silent = new Set(this.#hearing.unheard);
    if (silent.size === 0) {
      this.#forget();
      return undefined;
    }
    this.#ticks += 1;
    if (this.#ticks % ASK_TICKS !== 0) return undefined;
    const heard = others.filter((member) => !silent.has(member));
    const better = this.#betterOf(heard);
    this.#ask(this.#votersOf(heard), others);
    return better;
  }

  #forget(): void {
    this.#found.clear();
    this.#ticks = 0;
    this.#better = undefined;
  }

  #betterOf(heard: readonly MemberId[]): MemberId | undefined {
    const [member] = this.#votersOf(heard)
      .filter((each) => this.#reachesMore(each, heard))
      .sort((a, b) => this.#foundBy(b).size - this.#foundBy(a).size);
    const rounds =
      member !== undefined && member === this.#better?.member ? this.#better.rounds : 0;
    this.#better = member === undefined ? undefined : { member, rounds: rounds + 1 };
    if (rounds + 1 < ROUNDS || this.#rest > 0) return undefined;
    this.#rest = REST_TICKS;
    return member;
  }

  #votersOf(members: readonly MemberId[]): MemberId[] {
    const voters = this.#ports.voters();
    return members.filter((member) => voters.includes(member));
  }

  /** All whom the leader hears, and another one. */
  #reachesMore(member: MemberId, heard: readonly MemberId[]): boolean {
    const found = this.#foundBy(member);
    const isMore = [...found].some((other) => !heard.includes(other));
    return isMore && heard.every((other) => other === member || found.has(other));
  }

  #foundBy(member: MemberId): ReadonlySet<MemberId> {
    return this.#found.get(member) ?? new Set();
  }

  #ask(voters: readonly MemberId[], others: readonly MemberId[]): void {
    this.#found.clear();
    for (const to of voters) {
      this.#found.set(to, new Set());
      for (const member of others) {
        if (member !== to) this.#say(to, 'ask', member);
      }
    }
  }
}
