import { MAX_TTL_MS } from '../../../contract/src/command.ts';
import type { SilentSession } from '../machine/sessions.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { StateMessage, TableDigest } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { OwnFacts } from '../storage/facts.ts';
import { roomIn } from '../transport/transport.ts';
import { AppliedFacts } from './applied-facts.ts';
import { Backlog } from './backlog.ts';
import { Barrier } from './barrier.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClientRequests } from './client-requests.ts';
import { Comparisons } from './comparisons.ts';
import { DiskWatch } from './disk-watch.ts';
import type { DriverCalls, DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { Expiries } from './expiries.ts';
import { Hearing } from './hearing.ts';
import { Outbox } from './outbox.ts';
import { Progress } from './progress.ts';
import { Quota } from './quota.ts';
import { Reach } from './reach.ts';
import { Reads } from './reads.ts';
import { Recalls } from './recalls.ts';
import { Retention } from './retention.ts';
import { Scrubber } from './scrubber.ts';
import { SlowDisk } from './slow-disk.ts';
import { StateTransfer } from './state-transfer.ts';
import { Succession } from './succession.ts';

/**
 * The parts of a driver, each put together with what it needs of the others. Who works with some
 * of them names those.
 */
export class Assembly {
  readonly #ports: DriverPorts;
  readonly #settings: DriverSettings;
  readonly #events: DriverEvents;
  readonly #calls: DriverCalls;
  readonly facts: AppliedFacts;
  readonly barrier: Barrier;
  readonly backlog: Backlog;
  readonly disk: DiskWatch;
  readonly slowDisk: SlowDisk;
  readonly hearing: Hearing;
  readonly reach: Reach;
  readonly progress: Progress;
  readonly requests: ClientRequests;
  readonly reads: Reads;
  readonly checkpoints: Checkpoints;
  readonly outbox: Outbox;
  readonly comparisons: Comparisons;
  readonly transfer: StateTransfer;
  readonly expiries: Expiries;
  readonly quota: Quota;
  readonly recalls: Recalls;
  readonly retention: Retention;
  readonly scrubber: Scrubber;
  readonly succession: Succession;

  constructor(
    ports: DriverPorts,
    settings: DriverSettings,
    events: DriverEvents,
    calls: DriverCalls,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
    this.#calls = calls;
    const { member, log, state, transport } = ports;
    const { isStopped, failed } = calls;
    const members = (): readonly MemberId[] => member.configurations.members;
    this.facts = new AppliedFacts(state.facts, () => this.#own);
    this.barrier = new Barrier(log, failed);
    this.backlog = new Backlog(settings, () => this.unwrittenBytes);
    this.disk = new DiskWatch(this.barrier, settings.stallTicks);
    this.slowDisk = new SlowDisk(settings.stallTicks);
    this.hearing = new Hearing(settings.unheardTicks);
    this.reach = this.#reaching();
    this.progress = new Progress(member.self, settings.alarmTicks);
    this.requests = new ClientRequests(ports, settings, {
      isStopped,
      isFull: () => this.backlog.isFull,
      room: () => this.room,
      queued: () => calls.wake(),
      failed,
    });
    this.reads = new Reads(ports, member.slotOut, settings, {
      isStopped,
      came: () => calls.wake(),
      failed,
    });
    this.checkpoints = new Checkpoints(ports, settings, this.barrier, {
      perform: (effects) => calls.perform(effects),
      facts: () => this.facts.cut(),
      flushed: (slotOut) => this.#flushed(slotOut),
      release: () => calls.release(),
      failed,
    });
    this.outbox = new Outbox(transport, member.self, members, (to) => {
      events.dropped('too-many', to);
    });
    this.comparisons = this.#comparing();
    this.transfer = this.#transferring();
    this.expiries = this.#expiring();
    this.quota = this.#limiting();
    this.recalls = new Recalls({
      log,
      isMember: (asker) => members().includes(asker),
      bytes: () => Math.min(settings.chunkBytes, this.room),
      recalled: (input) => calls.input(input),
      failed,
    });
    this.retention = new Retention({
      log,
      barrier: this.barrier,
      neededFrom: () => this.transfer.neededFrom,
      collected: (floor) => events.collected(floor),
      failed,
    });
    const { scrubTicks, scrubRestTicks } = settings;
    this.scrubber = new Scrubber(() => state.scrub(), scrubTicks, scrubRestTicks);
    this.succession = new Succession(member, this, (to) => calls.input({ type: 'hand-over', to }));
  }

  /** What a message has room for, as the network is now. */
  get room(): number {
    return roomIn(this.#ports.transport.maxFrameBytes);
  }

  /** Bytes of the log and the state that are in memory alone: they wait for the disk. */
  get unwrittenBytes(): number {
    const { state, applier } = this.#ports;
    return this.barrier.bytes + state.unwrittenBytes + applier.unsavedBytes;
  }

  #comparing(): Comparisons {
    const { member, state } = this.#ports;
    const ports = {
      self: member.self,
      votersAt: (slot: Slot) => member.configurations.at(slot).voters,
      slotOut: () => member.slotOut,
      isLeading: () => member.leading !== undefined,
      history: () => this.facts.history,
      historyAt: (slot: Slot) => this.facts.hashAt(slot) ?? state.historyAt(slot),
      say: (to: MemberId | undefined, message: StateMessage) => {
        this.#say(to === undefined ? this.#others : [to], message);
      },
      cutAt: (slot: Slot, cut: (tables: TableDigest[]) => void) => {
        this.checkpoints.cutAt(slot, () => {
          cut(state.facts.digests.entries().map(([table, digest]) => ({ table, ...digest })));
        });
      },
      disputed: (isOpen: boolean) => this.#calls.input({ type: 'dispute', isOpen }),
      compare: () => this.#calls.input({ type: 'compare' }),
      failed: (error: Error) => this.#calls.failed(error),
    };
    return new Comparisons(ports, this.#settings.compareTicks);
  }

  #reaching(): Reach {
    const { self } = this.#ports.member;
    const voters = (): readonly MemberId[] => this.#ports.member.configurations.newest.voters;
    const learners = (): readonly MemberId[] => this.#ports.member.configurations.newest.learners;
    const say = (to: MemberId, message: StateMessage): void => this.#say([to], message);
    return new Reach({ self, voters, learners, say }, this.#settings.unreachedTicks);
  }

  #expiring(): Expiries {
    const { member, applier } = this.#ports;
    const ports = {
      slotOut: () => member.slotOut,
      behind: (client: string | undefined, limit: number) => applier.sessions.behind(client, limit),
      expire: (sessions: readonly SilentSession[]) =>
        this.#calls.input({ type: 'expire', sessions }),
    };
    return new Expiries(ports, this.#settings.tickMs, MAX_TTL_MS);
  }

  #limiting(): Quota {
    const { applier, state, quotaBytes } = this.#ports;
    const ports = {
      bytes: quotaBytes,
      usedBytes: () => state.usedBytes,
      isReached: () => applier.isReadOnly,
      isRule: () => applier.hasBounds,
      decide: (isReached: boolean) => this.#calls.input({ type: 'quota', isReached }),
    };
    return new Quota(ports, this.#settings.tickMs);
  }

  #transferring(): StateTransfer {
    const { member, state, applier, random } = this.#ports;
    const ports = {
      state,
      machine: applier.machine,
      slotOut: () => member.slotOut,
      own: () => this.#own,
      isMember: (from: MemberId) => member.configurations.members.includes(from),
      say: (to: MemberId, message: StateMessage) => this.#say([to], message),
      random,
      halt: (idle: () => void) => {
        this.#calls.halt();
        this.checkpoints.whenIdle(idle);
        this.#calls.release();
      },
      refused: (from: MemberId) => this.#events.dropped('another-machine', from),
      restored: (slotOut: Slot) => this.#events.restored(slotOut),
      failed: (error: Error) => this.#calls.failed(error),
    };
    const { chunkBytes } = this.#settings;
    return new StateTransfer(ports, () => Math.min(chunkBytes, this.room));
  }

  /** Beside the core, to other members. */
  #say(to: readonly MemberId[], message: StateMessage): void {
    this.#ports.metrics.sent.add(message.type);
    this.outbox.add(to, message);
    this.#calls.wake();
  }

  get #others(): MemberId[] {
    const { self, configurations } = this.#ports.member;
    return configurations.members.filter((member) => member !== self);
  }

  get #own(): Pick<OwnFacts, 'logEnd' | 'heard'> {
    return { logEnd: this.#ports.log.end, heard: this.#ports.member.heard };
  }

  /** The log says so, too: an older state that is found later is damage. */
  #flushed(slotOut: Slot): void {
    this.barrier.persist({ type: 'flushed', slot: slotOut });
    this.#calls.input({ type: 'flushed', slotOut });
  }
}
