import { isSoundCommand } from '../../../contract/src/command.ts';
import type { Message } from '../paxos/messages.ts';
import type { Command, Value } from '../paxos/pvalue.ts';
import { isSystemCommand, parseSystemCommand } from '../paxos/system-command.ts';

/** Whether all commands are as whoever made them made them. */
export function isSound(value: Value): boolean {
  return value.every(isWhole);
}

function isWhole(command: Command): boolean {
  if (isSystemCommand(command)) return parseSystemCommand(command) !== undefined;
  return isSoundCommand(command);
}

/**
 * Whether the values in a message that might be accepted are sound. What is decided is looked at
 * where it is applied: it cannot be dropped, only fetched again.
 */
export function mayBeAccepted(message: Message): boolean {
  if (message.type === 'p2a' || message.type === 'propose') return isSound(message.value);
  return message.type !== 'p1b' || message.pvalues.every(({ value }) => isSound(value));
}
