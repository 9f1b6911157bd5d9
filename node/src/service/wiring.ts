import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { Applier, type InForce } from '../machine/applier.ts';
import type { StateMachine } from '../../../machines/src/port/state-machine.ts';
import type { Tables } from '../../../machines/src/port/tables.ts';
import type { MemberId } from '../paxos/ballot.ts';
import { firstConfiguration } from '../paxos/configuration.ts';
import { regimes, type LeadershipMode, type Regime } from '../paxos/regime.ts';
import { Configurations } from '../paxos/configurations.ts';
import { Member } from '../paxos/member.ts';
import type { Packing } from '../paxos/replica.ts';
import { defaultTiming } from '../paxos/timing.ts';
import type { MemberStorage } from '../storage/member-storage.ts';
import { Driver } from './driver.ts';
import type { DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { isSound } from './soundness.ts';

/** What the wiring gives the driver itself. */
type Wired = 'member' | 'log' | 'incarnation' | 'state' | 'applier';

/** Where a member runs: over NATS and files, or over a network and disks that a test has made. */
export interface WiringPorts extends Omit<DriverPorts, Wired> {
  readonly self: MemberId;
  readonly first: Pick<FirstConfiguration, 'members' | 'window'>;
  readonly storage: Pick<MemberStorage, 'opened' | 'state'>;
  readonly machine: StateMachine;
  readonly mode: LeadershipMode;
  readonly packing: Packing;
  /** Makes another applier than the usual one: whoever looks at what is applied has its own. */
  readonly newApplier?: (machine: StateMachine, tables: Tables, inForce: InForce) => Applier;
}

/** What runs, once it is wired. */
export interface Wiring {
  readonly driver: Driver;
  readonly applier: Applier;
}

/**
 * A member and its driver over storage that is open: made here for production, for tests and for
 * the simulator alike, so that what the simulator runs is what runs.
 * @param settings for stable leadership; what differs on demand is changed here
 */
export function wire(ports: WiringPorts, settings: DriverSettings, events: DriverEvents): Wiring {
  const { self, first, storage, machine, mode, packing, witness } = ports;
  const { opened, state } = storage;
  const { log, incarnation, recovered } = opened;
  const regime = regimes[mode];
  const newApplier = ports.newApplier ?? ((...all) => new Applier(...all));
  const applier = newApplier(machine, state.tables, state.facts);
  const member = new Member({
    self,
    configurations: new Configurations(
      state.facts.configurations ?? [firstConfiguration(first.members, first.window)],
    ),
    mode,
    timing: defaultTiming,
    packing,
    recovered: { ...recovered, slotOut: state.flushedSlotOut },
    end: { incarnation, sequence: log.end },
    heard: state.facts.heard,
    machine: { inForce: applier.version, newest: machine.version },
    asksOutside: witness !== undefined,
    isSound,
    // A retry would wait for that mark, too: it is decided again.
    ...(!regime.marksEachAnswer && { isAnswered: (command) => applier.isAnswered(command) }),
  });
  const own = { ...ports, member, log, incarnation, state, applier };
  const driver = new Driver(own, settingsOf(regime, settings), events);
  return { driver, applier };
}

/** Without heartbeats it is no sign of anything that somebody is silent, or that nobody leads. */
function settingsOf(regime: Regime, settings: DriverSettings): DriverSettings {
  if (regime.hasOneLeader) return settings;
  return {
    ...settings,
    answersWaitForMark: regime.marksEachAnswer,
    unheardTicks: Infinity,
    unreachedTicks: Infinity,
    alarmTicks: Infinity,
    compareTicks: Infinity,
  };
}
