import type { Alarm } from '../../../contract/src/alarms.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Configurations } from '../paxos/configurations.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { isQuorum, quorumSize } from '../paxos/quorum.ts';

/** What a member is like at a tick. */
export interface Moment {
  readonly configurations: Configurations;
  readonly slotOut: Slot;
  /** It does not lead, and has heard no leader for a while. */
  readonly missesLeader: boolean;
  /** Something was proposed here that is not applied yet. */
  readonly awaitsDecision: boolean;
}

/**
 * Notices that a member gets nowhere: heartbeats alone are no progress. It counts ticks and not
 * seconds: a process that was stopped for a while has missed nobody meanwhile.
 */
export class Progress {
  readonly #self: MemberId;
  readonly #alarmTicks: number;
  /** Of members that a configuration names: whoever else speaks may have made up its id. */
  readonly #heardAt = new Map<MemberId, number>();
  #now = 0;
  #moment: Moment | undefined;
  /** Ticks without a leader. */
  #leaderless = 0;
  /** Ticks in which something waited for its decision, and no slot was applied. */
  #undecided = 0;

  /** @param alarmTicks what lasts so many ticks is an alarm */
  constructor(self: MemberId, alarmTicks: number) {
    this.#self = self;
    this.#alarmTicks = alarmTicks;
  }

  heard(from: MemberId): void {
    if (this.#moment?.configurations.members.includes(from)) this.#heardAt.set(from, this.#now);
  }

  tick({ configurations, slotOut, missesLeader, awaitsDecision }: Moment): void {
    this.#now += 1;
    for (const member of this.#heardAt.keys()) {
      if (!configurations.members.includes(member)) this.#heardAt.delete(member);
    }
    // Nobody has to lead, or to be heard by, whom no configuration names.
    const isNamed = configurations.members.includes(this.#self);
    this.#leaderless = missesLeader && isNamed ? this.#leaderless + 1 : 0;
    const isStuck = awaitsDecision && slotOut === this.#moment?.slotOut;
    this.#undecided = isStuck ? this.#undecided + 1 : 0;
    this.#moment = { configurations, slotOut, missesLeader, awaitsDecision };
  }

  /** Why nothing can be served here; `undefined` while it can. */
  get outage(): Alarm | undefined {
    if (this.#moment === undefined || this.#leaderless < this.#alarmTicks) return undefined;
    return this.#noQuorum(this.#moment) ?? noLeader;
  }

  get alarms(): Alarm[] {
    const { outage } = this;
    if (outage !== undefined) return [outage];
    if (this.#moment === undefined || this.#undecided < this.#alarmTicks) return [];
    return [undecided(this.#moment.slotOut)];
  }

  /** While nobody leads, each voter asks all others again and again whether it may. */
  #noQuorum({ configurations, slotOut }: Moment): Alarm | undefined {
    const ruling = configurations.votersFrom(slotOut);
    if (!ruling.some((voters) => voters.includes(this.#self))) return undefined;
    const isHeard = (voter: MemberId): boolean => voter === this.#self || this.#isNear(voter);
    const lacking = ruling.find((voters) => !isQuorum(voters, { has: isHeard }));
    return lacking && noQuorum(lacking, lacking.filter(isHeard));
  }

  #isNear(member: MemberId): boolean {
    const at = this.#heardAt.get(member);
    return at !== undefined && this.#now - at < this.#alarmTicks;
  }
}

const noLeader: Alarm = {
  code: 'no-leader',
  sentence:
    'This member has heard no leader for some seconds: nothing is decided. ' +
    'Look at the alarms of all members, at their disks, and at the routes of NATS between them.',
};

function noQuorum(voters: readonly MemberId[], heard: readonly MemberId[]): Alarm {
  const silent = voters.filter((voter) => !heard.includes(voter));
  const needed = quorumSize(voters.length);
  const sentence =
    `This member hears only ${heard.length} of ${voters.length} voters, itself included, and ` +
    `${needed} are needed to decide anything. Start the silent ones, or mend their network: ` +
    `${silent.join(', ')}.`;
  return { code: 'no-quorum', sentence };
}

function undecided(slot: Slot): Alarm {
  const sentence =
    `Slot ${slot} has been proposed for some seconds and is not decided. Look at the disks of the ` +
    'voters, at the log for messages that are dropped, and at max_payload of NATS.';
  return { code: 'undecided', sentence };
}
