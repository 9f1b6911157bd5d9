import { chatLog } from './chat-log.ts';
import { counter } from './counter.ts';
import type { StateMachine } from './state-machine.ts';

/** The state machines that a node can be started with, by their names. */
export const machines: Readonly<Record<'chat-log' | 'counter', StateMachine>> = {
  'chat-log': chatLog,
  counter,
};
