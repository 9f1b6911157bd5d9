import { chatLogLoads } from './chat-log/load.ts';
import { chatLogMachine } from './chat-log/machine.ts';
import { chatLogScript } from './chat-log/script.ts';
import { chatLogWords } from './chat-log/words.ts';
import { counterLoads } from './counter/load.ts';
import { counterMachine } from './counter/machine.ts';
import type { Loads } from './port/load.ts';
import type { ScriptOperations } from './port/script.ts';
import type { StateMachine } from './port/state-machine.ts';
import type { Word } from './port/words.ts';

/** What Synod has of one machine. What applications call of it is in its calls.ts. */
export interface Machine {
  /** What every member runs. */
  readonly state: StateMachine;
  /** What it is measured with. */
  readonly loads: Loads;
  /** What the command line has for it. */
  readonly words: readonly Word[];
  /** Only a machine that has it can be driven by a master's script. */
  readonly script?: ScriptOperations;
}

export type MachineName = 'chat-log' | 'counter';

/** All machines that there are, by the name that a member is started with. */
export const machines: Readonly<Record<MachineName, Machine>> = {
  'chat-log': {
    state: chatLogMachine,
    loads: chatLogLoads,
    words: chatLogWords,
    script: chatLogScript,
  },
  counter: { state: counterMachine, loads: counterLoads, words: [] },
};

/** The names, the default first. */
export const machineNames = Object.keys(machines) as [MachineName, ...MachineName[]];
export const [DEFAULT_MACHINE] = machineNames;
