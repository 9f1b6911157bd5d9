import { chatLogLoads } from './chat-log/load.ts';
import { chatLogMachine } from './chat-log/machine.ts';
import { chatLogScript } from './chat-log/script.ts';
import { chatLogWords } from './chat-log/words.ts';
import { counterLoads } from './counter/load.ts';
import { counterMachine } from './counter/machine.ts';
import { machineNames, type MachineName } from './names.ts';
import type { Loads } from './port/load.ts';
import type { ScriptOperations } from './port/script.ts';
import type { StateMachine } from './port/state-machine.ts';
import type { Word } from './port/words.ts';

/** What Synod has of one machine. What applications call of it is in its calls.ts. */
export interface Machine {
  /** What every member runs. */
  readonly stateMachine: StateMachine;
  /** What it is measured with. */
  readonly loads: Loads;
  /** What the command line has for it. */
  readonly words: readonly Word[];
  /** Only a machine that has it can be driven by a master's script. */
  readonly script?: ScriptOperations;
}

export const machines: Readonly<Record<MachineName, Machine>> = {
  'chat-log': {
    stateMachine: chatLogMachine,
    loads: chatLogLoads,
    words: chatLogWords,
    script: chatLogScript,
  },
  counter: { stateMachine: counterMachine, loads: counterLoads, words: [] },
};

/** The names of those that a master's script can drive. */
export const scriptedMachines = machineNames.filter((name) => machines[name].script !== undefined);
