import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { ReadRequest } from '../../contract/src/read-request.ts';
import type { Outcome } from '../../contract/src/reply.ts';
import type { Applier } from '../../node/src/machine/applier.ts';
import { machines } from '../../machines/src/machines.ts';
import type { StateMachine } from '../../machines/src/port/state-machine.ts';
import { Metrics } from '../../node/src/metrics/metrics.ts';
import type { Ballot } from '../../node/src/paxos/ballot.ts';
import { formatIncarnation, type LogEnd } from '../../node/src/paxos/log-end.ts';
import type { Effect, LogRecord, Recovered } from '../../node/src/paxos/effects.ts';
import { parseSystemCommand } from '../../node/src/paxos/system-command.ts';
import type { Change } from '../../node/src/paxos/system-command.ts';
import { firstConfiguration, type Configuration } from '../../node/src/paxos/configuration.ts';
import { Configurations } from '../../node/src/paxos/configurations.ts';
import type { Slot } from '../../node/src/paxos/pvalue.ts';
import type { Driver } from '../../node/src/service/driver.ts';
import { MemberLife, type Run } from '../../node/src/service/member-life.ts';
import { LateWitnessError, TwinError } from '../../node/src/service/expulsion.ts';
import { wire, type Wiring } from '../../node/src/service/wiring.ts';
import { DamageError } from '../../node/src/storage/damage.ts';
import { MachineError } from '../../node/src/storage/machine-error.ts';
import { MemoryFolder } from '../../node/src/storage/memory-folder.ts';
import { openMemberStorage, type MemberStorage } from '../../node/src/storage/member-storage.ts';
import { MemoryFile } from '../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../node/src/storage/state.ts';
import type { MemoryTransport } from '../../node/src/transport/memory.ts';
import type { Stamp } from '../../node/src/transport/transport.ts';
import { BrokenInvariant } from './checks/invariants.ts';
import { ObservedApplier } from './observed-applier.ts';
import { observedLog, observedState } from './observed-storage.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedData } from './simulated-data.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import { versioned } from './versioned-machine.ts';

export const CLUSTER = 'local/simulated';
const TICK_MS = 10;
const CHECKPOINT_TICKS = 9;
const STALL_TICKS = 50;
const ALARM_TICKS = 200;
const UNREACHED_TICKS = 200;
/** Of the machine, in the program that an upgrade brings. */
const NEXT_VERSION = 2;
/** A learner that does not exist. */
const NOBODY = 'nobody';
const CHUNK_BYTES = 1024;
const SCRUB_TICKS = 3;
const COMPARE_TICKS = 40;
const HAND_OVER_MS = 30;

/** What a process did, told as it happens: for the checks and for the trace. */
export interface Observer {
  started(process: SimulatedProcess, recovered: Recovered, flushedSlotOut: Slot): void;
  /** It was told its cluster again, and another one. @param isKept it stays in the first one */
  told(member: string, isKept: boolean): void;
  /** What one step of the core gave; none of it is done yet. */
  stepped(process: SimulatedProcess, effects: readonly Effect[]): void;
  /** It is about to apply that slot to a state that has all below it. */
  applying(process: SimulatedProcess, slot: Slot, applier: Applier): void;
  /** Something happens to its log that nobody told it. */
  damaged(member: string): void;
  /** Records are on the disk. */
  durable(process: SimulatedProcess, records: readonly LogRecord[]): void;
  /** The state of every slot below it is on the disk. */
  flushed(process: SimulatedProcess, slotOut: Slot): void;
  leading(process: SimulatedProcess, ballot: Ballot | undefined): void;
  /** It took a client's command, and so many bytes of commands wait in it now. */
  queued(member: string, bytes: number): void;
  /** So many bytes are in its memory alone. */
  unwritten(member: string, bytes: number): void;
  /** Its state failed its checks, and it begins without one. */
  setAside(member: string): void;
  /** Its log lets go of what is below the floor. */
  collected(process: SimulatedProcess, floor: Slot): void;
  /** Another member's state is on its disk. */
  restored(member: string, slotOut: Slot): void;
  /** Its files are about to be closed, and opened again. */
  beginsAgain(member: string): void;
  /** Its run is about to end: its state can be looked at a last time. @param process its name */
  ended(process: string, why: string): void;
}

export interface World {
  readonly plan: Plan;
  readonly members: readonly string[];
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly observer: Observer;
  /** The version of the machine in the newest program that there is. */
  readonly release: { version: number };
}

/** A member with its roles. */
interface Running extends Run {
  readonly driver: Driver;
  readonly transport: MemoryTransport;
  readonly state: StateStore;
  readonly applier: Applier;
}

/** The next step that has effects ends the process at one of them. */
export interface ArmedKill {
  /** In [0, 1): at which effect. */
  readonly luck: number;
  /** Whether what it had still in hand to send is lost, too. */
  readonly silenced: boolean;
  readonly restartAfterMs: number;
}

/** The error of a write that the plan lets fail. */
class PlannedFailure extends Error {
  override readonly name = 'PlannedFailure';
}

/**
 * A member's process, from start to start: the production core, driver, codec and storage code
 * over a network, disks, a clock and randomness that the simulation hands out.
 */
export class SimulatedProcess {
  readonly id: string;
  readonly name: string;
  readonly clock: SimulatedClock;
  readonly #world: World;
  readonly #random: Random;
  readonly #metrics: Metrics;
  readonly #disk: SimulatedDisk;
  /** The disk as it was at one time. */
  #backup: SimulatedDisk | undefined;
  /** Its state is damaged, whether that is known yet or not. */
  #isStateDamaged = false;
  /** Its incarnation, as a text. */
  #runName = '';
  /** The state on its disk has every slot below it. */
  #flushed: Slot = 0;
  #data: SimulatedData | undefined;
  /** While a process is there. */
  #life: MemberLife<Running> | undefined;
  /** What a run has asked for ends with it: each has another number. */
  #start = 0;
  #backlog: (() => void)[] | undefined;
  #down = false;
  /** Something of its log is lost, whether that is known yet or not. */
  #isLogDamaged = false;
  /** That log ends there: whoever heard of more is its witness. */
  #damagedEnd = Infinity;
  /** There is, or was, a second process of its member: they stop when they hear of one another. */
  #hasTwin = false;
  #sharesDisk = false;
  /** The slot in which it accepted a change of the members last. */
  #acceptedChange: Slot = -1;
  /** Its state had applied every slot below it, and was lost. */
  #lostSlotOut: Slot = 0;
  /** What the disk finished while it was stalled. */
  #unfinished: (() => void)[] | undefined;
  /** The same of the state alone. */
  #unfinishedState: (() => void)[] | undefined;
  #slowMs = 0;
  /** What its state may take, as it is set up. */
  #quotaBytes = Infinity;
  /** A write takes so much longer. */
  #diskMs = 0;
  #armed: ArmedKill | undefined;
  /** An armed kill has fired: the rest of the drain is not heard of. */
  #dying = false;
  #restartAfterMs = 0;
  /** The version of the machine in the program that it is started with. */
  #program: number;

  /**
   * @param disk of a copy of a member that runs, or the same disk
   * @param name tells it from the member whose copy it is
   */
  constructor(id: string, world: World, random: Random, disk = new SimulatedDisk(), name = id) {
    this.id = id;
    this.name = name;
    this.#disk = disk;
    this.#world = world;
    this.#program = world.release.version;
    this.#random = random;
    this.clock = new SimulatedClock(world.scheduler);
    this.#metrics = new Metrics({ version: '0', cluster: CLUSTER, member: id, process: false });
    this.start();
  }

  /** A process is there, whether its member has roles or not. */
  get isThere(): boolean {
    return this.#life !== undefined;
  }

  get hasRoles(): boolean {
    return this.#running !== undefined;
  }

  get #running(): Running | undefined {
    return this.#life?.running;
  }

  /** It hears everything, and does it at once. */
  get isAttentive(): boolean {
    return this.#running !== undefined && this.#backlog === undefined && this.#slowMs === 0;
  }

  /** Another process works on its disk, or did: nobody can say what is there. */
  get sharesDisk(): boolean {
    return this.#sharesDisk;
  }

  /** Down for good: its disk is damaged or gone, or it was removed. */
  get lost(): boolean {
    return this.#down;
  }

  /** Tells this run of its member from all others. */
  get run(): string {
    return this.#runName;
  }

  /** Whether that is known yet or not. */
  get isStateDamaged(): boolean {
    return this.#isStateDamaged;
  }

  /** It may be lost, once it looks at its disk. */
  get endangered(): boolean {
    const isBehind = this.#flushed < this.#lostSlotOut;
    // What only others know that it lacks shows before it has a vote.
    const isKnownWell = this.#running?.driver.member.mayVote === true;
    const isDamaged = (this.#isLogDamaged && !isKnownWell) || this.#isStateDamaged;
    return this.#down || isDamaged || isBehind || this.#hasTwin;
  }

  /** It is of those that the cluster began with. */
  get isFirst(): boolean {
    return this.#world.members.includes(this.id);
  }

  /** The configurations that it knows of. */
  get known(): Configurations {
    const { members, plan } = this.#world;
    const known = this.#running?.driver.member.configurations;
    return known ?? new Configurations([firstConfiguration(members, plan.window)]);
  }

  get newest(): Configuration {
    return this.known.newest;
  }

  /** Whether a write of it is durable or not: of a change it may be told before. */
  #accepts(records: readonly LogRecord[]): void {
    for (const record of records) if (isOfChange(record)) this.#acceptedChange = record.slot;
  }

  /** Whether it has accepted a change of the members in that slot, or after it. */
  hasAcceptedChange(from: Slot): boolean {
    return this.#acceptedChange >= from;
  }

  /** As the leader sees it: the newest configuration is in force, and a quorum has it on disk. */
  get settled(): boolean {
    return this.#running?.driver.member.settled === true;
  }

  /** @returns whether the change is proposed */
  reconfigure(change: Change): boolean {
    const driver = this.#running?.driver;
    if (driver === undefined || driver.member.refusalOf(change) !== undefined) return false;
    driver.input({ type: 'reconfigure', change });
    return true;
  }

  /**
   * Somebody proposes one change after the other without asking whether they may: two that name the
   * newest configuration, and one that names the next, which is pending by then.
   */
  changeHastily(): void {
    const driver = this.#running?.driver;
    if (driver === undefined) return;
    const { number, voters, learners } = driver.member.configurations.newest;
    const others = learners.filter((learner) => learner !== NOBODY);
    for (const [i, base] of [number, number, number + 1].entries()) {
      const change = { base, voters, learners: i === 1 ? others : [...others, NOBODY] };
      driver.input({ type: 'reconfigure', change: { ...change, forced: false } });
    }
  }

  /** It was removed: it ends for good. */
  retire(): void {
    if (this.#down) return;
    this.#down = true;
    this.#end('removed');
  }

  get leading(): Ballot | undefined {
    return this.#running?.driver.member.leading;
  }

  /** What it says that keeps it, or the cluster, from going on. */
  get obstacles(): readonly string[] {
    const alarms = this.#running?.driver.alarms ?? [];
    return alarms.map(({ code }) => code).filter((code) => code !== 'another-history');
  }

  get slotOut(): Slot {
    return this.#running?.driver.member.slotOut ?? 0;
  }

  /** The state on its disk has every slot below it. */
  get flushed(): Slot {
    return this.#flushed;
  }

  /** The version of the machine that is in force is the newest that there is. */
  get isUpgraded(): boolean {
    return this.#running?.applier.version === this.#world.release.version;
  }

  get applier(): Applier | undefined {
    return this.#running?.applier;
  }

  /** A client's request arrives. */
  submit(command: Uint8Array, answer: (outcome: Outcome) => void): void {
    this.gate(() => {
      const driver = this.#running?.driver;
      if (driver === undefined) return;
      const before = driver.queueBytes;
      driver.submit(command, answer);
      if (driver.queueBytes > before) this.#world.observer.queued(this.id, driver.queueBytes);
    });
  }

  get servesReads(): boolean {
    return this.#running?.driver.servesReads === true;
  }

  /** A client's read arrives. */
  read(request: ReadRequest, answer: (outcome: Outcome) => void): void {
    this.gate(() => this.#running?.driver.read(request, answer));
  }

  /** Runs it when this process comes to it: now, late when it is slow, after a pause. */
  gate(run: () => void): void {
    if (this.#running === undefined) return;
    const start = this.#start;
    const guarded = (): void => {
      if (this.#start !== start || this.#running === undefined || this.#dying) return;
      if (this.#backlog !== undefined) this.#backlog.push(guarded);
      else run();
    };
    if (this.#slowMs > 0) this.#world.scheduler.after(this.#random.next() * this.#slowMs, guarded);
    else guarded();
  }

  /** Something of this process that takes a while. */
  #later(delayMs: number, run: () => void): void {
    const start = this.#start;
    this.#world.scheduler.after(delayMs, () => {
      if (this.#start === start) this.gate(run);
    });
  }

  start(): void {
    if (this.#down || this.#life !== undefined) return;
    this.#start += 1;
    const data = this.#newData();
    this.#data = data;
    // The other process may have written over what this one had on disk.
    if (this.#hasTwin) this.#world.observer.damaged(this.id);
    const life: MemberLife<Running> = new MemberLife({
      data,
      renewsState: true,
      restore: () => undefined,
      close: (heard, done) => {
        data.close(heard);
        this.#closed(done);
      },
      run: (first, storage) => this.#run(first, storage),
      refused: () => undefined,
      halted: (error) => this.#halted(error),
      fatal: (error) => this.#fatal(error),
    });
    this.#life = life;
    life.open();
    life.begin();
    if (data.first === undefined) this.#tell(life);
  }

  #newData(): SimulatedData {
    const { keepBytes } = this.#world.plan;
    const onLog = (run: () => void): void => {
      const finish = (): void => {
        if (this.#unfinished === undefined) run();
        else this.#unfinished.push(run);
      };
      this.#later(this.#random.between(0.1, 4) + this.#diskMs, finish);
    };
    const onState = (run: () => void): void => {
      onLog(() => {
        if (this.#unfinishedState === undefined) run();
        else this.#unfinishedState.push(run);
      });
    };
    return new SimulatedData({
      ...{ disk: this.#disk, memberId: this.id, machine: this.#machine, keepBytes },
      random: this.#random.next,
      ...{ onLog, onState },
      onSetAside: () => this.#setAside(),
    });
  }

  /** Closing files may take a while, in which all else goes on. */
  #closed(done: () => void): void {
    const { closeMs } = this.#world.plan;
    const start = this.#start;
    const takesMs = closeMs > 0 ? this.#random.next() * closeMs : 0;
    this.#world.scheduler.after(takesMs, () => {
      if (this.#start === start) done();
    });
  }

  /** Somebody tells it its cluster; and then the same again, and another one, in vain. */
  #tell(life: MemberLife<Running>): void {
    const { plan, members, scheduler } = this.#world;
    const first = { clusterId: CLUSTER, members, window: plan.window };
    const tell = (): void => {
      if (this.#life === life) life.form(first);
      scheduler.after(0, again);
    };
    const again = (): void => {
      if (this.#life !== life) return;
      const isSame = life.form({ ...first }).ok;
      const isOther = life.form({ ...first, clusterId: 'local/another' }).ok;
      this.#world.observer.told(this.id, isSame && !isOther);
    };
    if (plan.tellMs === 0) tell();
    else scheduler.after(this.#random.next() * plan.tellMs, tell);
  }

  /** It stays without roles: it is as good as gone. */
  #lose(why: string): void {
    this.#down = true;
    if (this.#running === undefined) this.#world.observer.ended(this.name, why);
    this.#end(why);
  }

  get #machine(): StateMachine {
    return versioned(machines[this.#world.plan.machine].stateMachine, this.#program);
  }

  #run(first: FirstConfiguration, { opened, state }: MemberStorage): Running {
    const { plan, network, observer } = this.#world;
    const slotOut = state.flushedSlotOut;
    this.#flushed = slotOut;
    this.#runName = formatIncarnation(opened.incarnation);
    observer.started(this, { ...opened.recovered, slotOut }, slotOut);
    const stamp = (): Stamp => driver.stamp;
    const transport = network.join(this, {
      cluster: CLUSTER,
      self: this.id,
      stamp,
      maxFrameBytes: () => network.maxFrameBytes,
      onDropped: (reason, detail) => {
        const isGarbled = reason === 'garbled' || reason === 'malformed';
        if (isGarbled && plan.garbling > 0) return;
        if (reason === 'not-for-me') return; // Its own, once more.
        throw new Error(`${this.id} dropped a message: ${reason} ${detail}`);
      },
    });
    const { driver, applier }: Wiring = wire(
      {
        self: this.id,
        first,
        storage: {
          opened: {
            ...opened,
            log: observedLog(
              opened.log,
              (records) => this.#accepts(records),
              (records) => observer.durable(this, records),
            ),
          },
          state: observedState(state, (flushed) => {
            this.#flushed = flushed;
            observer.flushed(this, flushed);
          }),
        },
        machine: this.#machine,
        mode: plan.leadership,
        packing: { batchBytes: 2048, pipeline: 4, applyBytes: 512, heldBytes: plan.unwrittenBytes },
        newApplier: (...all) => {
          const applier: Applier = new ObservedApplier(...all, (slot) => {
            observer.applying(this, slot, applier);
          });
          return applier;
        },
        quotaBytes: () => this.#quotaBytes,
        transport,
        metrics: this.#metrics,
        schedule: (run) => this.#later(this.#random.between(0, 0.2), run),
        random: this.#random.next,
        now: () => this.clock.now(),
      },
      {
        checkpointTicks: CHECKPOINT_TICKS,
        overlayBytes: plan.overlayBytes,
        unwrittenBytes: plan.unwrittenBytes,
        queueBytes: plan.queueBytes,
        maxCommandBytes: 2048,
        stallTicks: STALL_TICKS,
        unheardTicks: Infinity,
        unreachedTicks: UNREACHED_TICKS,
        alarmTicks: ALARM_TICKS,
        chunkBytes: CHUNK_BYTES,
        compareTicks: plan.comparing ? COMPARE_TICKS : Infinity,
        scrubTicks: SCRUB_TICKS,
        scrubRestTicks: SCRUB_TICKS,
        waitMs: 5_000,
        tickMs: TICK_MS,
      },
      {
        leading: (ballot) => observer.leading(this, ballot),
        applied: () => undefined,
        surveyed: () => undefined,
        dropped: () => undefined,
        reconfigured: () => undefined,
        upgraded: () => undefined,
        quotaReached: () => undefined,
        collected: (floor) => observer.collected(this, floor),
        restored: (slotOut) => {
          observer.restored(this.id, slotOut);
          this.#life?.tookState();
        },
        crashed: () => undefined,
        failed: (error) => this.#life?.failed(error),
      },
    );
    driver.filter = (effects) => ({ effects: this.#step(effects), crash: false });
    this.#tick();
    return {
      ...{ driver, applier, transport, state },
      get heard() {
        return driver.member.heard;
      },
      fail: (error) => driver.fail(error),
      cease: () => undefined,
      end: () => {
        observer.beginsAgain(this.id);
        this.#endRun('begins again');
      },
    };
  }

  /** Passes the effects of a step on; at an armed kill, only those up to a point. */
  #step(effects: Effect[]): Effect[] {
    const { observer } = this.#world;
    if (this.#dying) return [];
    const armed = this.#armed;
    if (armed !== undefined && effects.length > 0) {
      this.#armed = undefined;
      this.#dying = true;
      effects = effects.slice(0, Math.floor(armed.luck * (effects.length + 1)));
      if (armed.silenced) this.#world.network.silence(this.id);
      // After this drain; the records may reach the disk.
      this.#world.scheduler.after(0, () => {
        this.#world.network.hear(this.id);
        this.kill(this.#random.next());
        this.#startAfter(armed.restartAfterMs);
      });
    }
    observer.stepped(this, effects);
    const unwritten = this.#running?.driver.unwrittenBytes;
    if (unwritten !== undefined) observer.unwritten(this.id, unwritten);
    return effects;
  }

  #halted(error: Error): void {
    const isExpelled = error instanceof TwinError || error instanceof LateWitnessError;
    if (!isExpelled && !(error instanceof DamageError)) throw error;
    this.#lose(error.message);
  }

  #fatal(error: Error): void {
    if (error instanceof MachineError) return this.#outdated(error);
    if (!(error instanceof PlannedFailure)) throw error;
    this.#end('a write failed');
    this.#startAfter(this.#restartAfterMs);
  }

  /** Who has a vote is never left behind; whoever else is gets the newer program then. */
  #outdated({ message }: MachineError): void {
    const { known, slotOut } = this;
    if (known.votersFrom(slotOut).flat().includes(this.id)) {
      const broken = new BrokenInvariant('upgrade', `${this.id} has a vote: ${message}`);
      // Thrown in the middle of a step, it would be one more failure of a driver that has failed.
      this.#world.scheduler.after(0, () => {
        throw broken;
      });
    }
    this.#end(message);
    this.#program = this.#world.release.version;
    this.#startAfter(0);
  }

  #tick(): void {
    this.#later(TICK_MS / this.clock.rate, () => {
      this.#running?.driver.tick();
      this.#tick();
    });
  }

  /** Its state failed its checks: it begins without one. */
  #setAside(): void {
    this.#isStateDamaged = false;
    this.#world.observer.setAside(this.id);
  }

  /** kill -9 or a power cut: of what is not synced, a block stays with probability `kept`. */
  kill(kept: number): void {
    if (this.#life === undefined) return;
    this.#data?.crash(() => this.#random.chance(kept));
    this.#end('killed');
  }

  /** SIGTERM: another leader, no new work, the state written. */
  stop(): void {
    const life = this.#life;
    const stop = (): void => {
      if (life === undefined || this.#life !== life || life.isStopping) return;
      life.stop(() => {
        const { running } = life;
        if (running === undefined) return this.#end('stopped');
        running.driver.input({ type: 'hand-over' });
        this.#later(HAND_OVER_MS, () => running.driver.stop(() => this.#end('stopped')));
      });
    };
    if (this.hasRoles) this.gate(stop);
    else stop();
  }

  /** The process ends. */
  #end(why: string): void {
    if (this.#running !== undefined) this.#endRun(why);
    this.#life = undefined;
    this.#data?.close();
    this.#forget();
  }

  #endRun(why: string): void {
    // It was admitted: nothing is missing that anybody knows of.
    if (this.#running?.driver.member.mayVote === true) this.#isLogDamaged = false;
    const transport = this.#running?.transport;
    this.#world.observer.ended(this.name, why);
    this.#forget();
    if (transport !== undefined) this.#world.network.leave(transport);
  }

  /** What was asked for, and is not done yet, is not done any more. */
  #forget(): void {
    this.#dying = false;
    this.#backlog = undefined;
    this.#unfinished = undefined;
    this.#unfinishedState = undefined;
    this.#start += 1;
  }

  /** It is restarted with the next program; before, somebody takes another machine by mistake. */
  upgrade(): void {
    this.#world.release.version = NEXT_VERSION;
    this.#program = NEXT_VERSION;
    if (this.#life === undefined) return;
    this.kill(1);
    this.#mistake();
    this.start();
  }

  /** Whoever is started with another machine than its cluster's is refused. */
  #mistake(): void {
    if (this.#disk.first === undefined) return; // It is refused when it is told: it is of none yet.
    const other = { name: 'another', version: NEXT_VERSION };
    const now = (run: () => void): void => run();
    try {
      openMemberStorage({
        folder: new MemoryFolder(this.#disk.log, now),
        openState: (options) => openMemoryState(new MemoryFile(this.#disk.state, now), options),
        machine: { has: other, first: other },
        clusterId: CLUSTER,
        memberId: this.id,
        random: this.#random.next,
        anew: false,
        heard: {},
        setAside: undefined,
      });
    } catch (error) {
      if (error instanceof MachineError || error instanceof DamageError) return;
      throw error;
    }
    throw new BrokenInvariant('machine', `${this.id} is started with another machine, and runs`);
  }

  armKill(armed: ArmedKill): void {
    this.#armed = armed;
  }

  /** The next write to the log fails, and the process ends. */
  failDisk(restartAfterMs: number): void {
    if (this.#data !== undefined) this.#data.logFailure = new PlannedFailure('EIO');
    this.#restartAfterMs = restartAfterMs;
  }

  #startAfter(ms: number): void {
    this.#world.scheduler.after(ms, () => this.start());
  }

  /** Everything that is wrong with it ends, but for a lost disk; it runs. */
  heal(): void {
    this.#armed = undefined;
    if (this.#program < this.#world.release.version) this.upgrade();
    if (this.#data !== undefined) this.#data.logFailure = undefined;
    this.resume();
    this.resumeDisk();
    this.resumeState();
    this.slow(0);
    this.clock.setRate(1);
    this.limit(Infinity);
    this.start();
  }

  /** Its disk finishes nothing until `resumeDisk`. */
  stallDisk(): void {
    this.#unfinished ??= [];
  }

  resumeDisk(): void {
    const unfinished = this.#unfinished ?? [];
    this.#unfinished = undefined;
    for (const run of unfinished) this.#later(0, run);
  }

  /** Nothing that is written to its state is over until `resumeState`; its log goes on. */
  stallState(): void {
    this.#unfinishedState ??= [];
  }

  resumeState(): void {
    const unfinished = this.#unfinishedState ?? [];
    this.#unfinishedState = undefined;
    for (const run of unfinished) this.#later(0, run);
  }

  /** It asks another member to lead, if it leads. */
  handOver(): void {
    this.gate(() => this.#running?.driver.input({ type: 'hand-over' }));
  }

  pause(): void {
    this.#backlog ??= [];
  }

  resume(): void {
    const backlog = this.#backlog ?? [];
    this.#backlog = undefined;
    for (const run of backlog) run();
  }

  /** Everything that it does comes up to so many milliseconds late. */
  slow(upToMs: number): void {
    this.#slowMs = upToMs;
  }

  /** Every write to its disk takes so many milliseconds longer. */
  slowDisk(ms: number): void {
    this.#diskMs = ms;
  }

  /** It is set up so that its state may take so many bytes. */
  limit(bytes: number): void {
    this.#quotaBytes = bytes;
  }

  /** The next write to the state fails, and the process ends. */
  failState(restartAfterMs: number): void {
    if (this.#data !== undefined) this.#data.stateFailure = new PlannedFailure('EIO');
    this.#restartAfterMs = restartAfterMs;
  }

  /** Somebody copies its disk, as it is now. */
  backUp(): void {
    this.#backup = this.#disk.copy();
  }

  get backup(): SimulatedDisk | undefined {
    return this.#backup;
  }

  /** How far its log goes, by its own word. */
  get end(): LogEnd | undefined {
    return this.#running?.driver.stamp.end;
  }

  /** How far it has heard that a member's log goes; −1 when it does not run, or heard nothing. */
  heard(member: string): number {
    return this.#running?.driver.member.heard[member]?.sequence ?? -1;
  }

  /** The same, as it is on its disk. */
  heardOnDisk(member: string): number {
    return this.#running?.state.facts.heard[member]?.sequence ?? -1;
  }

  /**
   * A process ends. When it knew in its memory alone that something of this disk is missing, that
   * knowledge is gone: the window that docs/failures.md states. So this disk stays down.
   */
  loseWitness(ending: SimulatedProcess): void {
    if (!this.#isLogDamaged || this.#running?.driver.member.mayVote === true) return;
    const knows = ending.heard(this.id) > this.#damagedEnd;
    if (knows && ending.heardOnDisk(this.id) <= this.#damagedEnd) this.retire();
  }

  /** By how many blocks its log might seem shorter, if that happened to its disk. */
  wouldLose(change: (disk: SimulatedDisk) => void): number {
    const after = this.#disk.copy();
    change(after);
    return this.#disk.blocksMissingIn(after);
  }

  /** It is down, and something happened to the log on its disk: it cannot vote any more. */
  damageLog(change: (disk: SimulatedDisk) => void): void {
    this.#damagedEnd = (this.end?.sequence ?? Infinity) - this.wouldLose(change);
    this.kill(0);
    this.#isLogDamaged = true;
    this.#world.observer.damaged(this.id);
    change(this.#disk);
  }

  /**
   * Its state fails its checks from now on; its log is well, and so are its promises.
   * @param change tells whether it changed anything
   */
  damageState(change: (disk: SimulatedDisk) => boolean): boolean {
    if (!change(this.#disk.copy())) return false;
    this.kill(0);
    this.#lostSlotOut = this.#flushed;
    this.#isStateDamaged = true;
    this.#world.observer.setAside(this.id);
    return change(this.#disk);
  }

  /** Its disk is emptied: it is down for good. */
  wipe(): void {
    this.kill(0);
    this.#disk.wipe();
    this.#down = true;
  }

  /** A second process of this member: on the same disk, or on a copy of it. */
  twin(onCopy: boolean): SimulatedProcess {
    const disk = onCopy ? this.#disk.copy() : this.#disk;
    const { id, name } = this;
    const twin = new SimulatedProcess(id, this.#world, this.#random.fork(), disk, `${name}'`);
    twin.#hasTwin = true;
    this.#hasTwin = true;
    twin.#sharesDisk = !onCopy;
    this.#sharesDisk ||= !onCopy;
    return twin;
  }
}

function isOfChange(record: LogRecord): record is LogRecord & { type: 'accepted' } {
  return (
    record.type === 'accepted' &&
    record.value.some((command) => {
      return parseSystemCommand(command)?.type === 'change';
    })
  );
}
