import { FIRST_VERSION, type MachineVersion } from '../../../contract/src/machine-version.ts';
import type { IncomingState } from '../../../contract/src/status.ts';
import type { StateMachine } from '../../../machines/src/port/state-machine.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Chunk, Fetch, StateMessage } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { OwnFacts, SharedFacts } from '../storage/facts.ts';
import { machineErrorOf } from '../storage/machine-error.ts';
import type { Staging, StateStore } from '../storage/state.ts';
import { StateReceiver } from './state-receiver.ts';
import { StateSender } from './state-sender.ts';

export interface StateTransferPorts {
  readonly state: StateStore;
  readonly machine: StateMachine;
  /** The first slot that is not applied here. */
  slotOut(): Slot;
  own(): Pick<OwnFacts, 'logEnd' | 'heard'>;
  /** Whether a configuration names it. */
  isMember(member: MemberId): boolean;
  say(to: MemberId, message: StateMessage): void;
  /** In [0, 1). */
  random(): number;
  /** From here on nothing is applied; calls back once no cut is being written. */
  halt(idle: () => void): void;
  /** A state of `from` is not taken: its machine is another one. */
  refused(from: MemberId): void;
  /** Another member's state took the place of the own one: all has to be opened again. */
  restored(slotOut: Slot): void;
  failed(error: Error): void;
}

/** States on their way: the own one to others, and another member's in the place of the own. */
export class StateTransfer {
  readonly #ports: StateTransferPorts;
  readonly #sender: StateSender;
  readonly #receiver: StateReceiver;

  /** @param chunkBytes what a message carries of a state, as it is now */
  constructor(ports: StateTransferPorts, chunkBytes: () => number) {
    this.#ports = ports;
    const { state } = ports;
    const send = (to: MemberId, message: StateMessage): void => ports.say(to, message);
    this.#sender = new StateSender({
      ...{ state, chunkBytes, send },
      isMember: (asker) => ports.isMember(asker),
      random: () => ports.random(),
    });
    this.#receiver = new StateReceiver(state, {
      fetch: send,
      isNews: (slot) => slot > ports.slotOut(),
      mayTake: (from, facts) => this.#mayTake(from, facts),
      received: (facts, staging) => this.#received(facts, staging),
      failed: (error) => ports.failed(error),
    });
  }

  /** Another member's state that is on its way here; `undefined` while none is. */
  get incoming(): IncomingState | undefined {
    return this.#receiver.incoming;
  }

  /** Whoever takes a state from here needs the log from that slot on. */
  get neededFrom(): Slot {
    return this.#sender.neededFrom;
  }

  /** Takes the state of `from`, unless one is on its way already. */
  begin(from: MemberId): void {
    this.#receiver.begin(from);
  }

  heard(from: MemberId, message: Fetch | Chunk): void {
    if (message.type === 'fetch') this.#sender.fetch(from, message);
    else this.#receiver.chunk(from, message);
  }

  tick(): void {
    this.#sender.tick();
    this.#receiver.tick();
  }

  /** The state is about to be closed. */
  stop(): void {
    this.#sender.stop();
    this.#receiver.stop();
  }

  /** A state that this member's machine cannot go on with is not taken. */
  #mayTake(from: MemberId, facts: SharedFacts): boolean {
    const { machine } = this.#ports;
    const error = machineErrorOf(machineOf(facts, machine), machine);
    if (error?.code === 'OLD_MACHINE') this.#ports.failed(error);
    else if (error !== undefined) this.#ports.refused(from);
    return error === undefined;
  }

  #received(facts: SharedFacts, staging: Staging): void {
    const { slotOut } = facts;
    if (slotOut <= this.#ports.slotOut()) return staging.discard(); // It caught up meanwhile.
    this.#ports.halt(() => {
      const machine = machineOf(facts, this.#ports.machine);
      staging.commit({ ...facts, machine }, this.#ports.own(), (error) => {
        if (error !== undefined) this.#ports.failed(error);
        else this.#ports.restored(slotOut);
      });
    });
  }
}

/** A state of an older Synod does not name its machine: it is of the first version. */
function machineOf({ machine }: SharedFacts, { name }: StateMachine): MachineVersion {
  return machine ?? { name, version: FIRST_VERSION };
}
