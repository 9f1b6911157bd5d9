import type { LogOperation, RegisterOperation } from '../simulated-client.ts';
import type { Operation } from './history.ts';
import { isLinearizable } from './linearizability.ts';
import { chatLogModel } from '../../../machines/src/chat-log/model.ts';
import { registerModel } from '../../../machines/src/counter/model.ts';

/** Whether what the counter answered is linearizable. Registers are independent of each other. */
export function areCounterAnswersRight(history: readonly Operation[]): boolean {
  const registers = new Map<string, RegisterOperation[]>();
  for (const operation of meaningful(history) as RegisterOperation[]) {
    const { register } = operation.input;
    const own = registers.get(register);
    if (own === undefined) registers.set(register, [operation]);
    else own.push(operation);
  }
  return [...registers.values()].every((own) => isLinearizable(registerModel, own));
}

/** Whether what the chat log answered is linearizable. @param texts the longest of any member */
export function areChatLogAnswersRight(
  history: readonly Operation[],
  texts: readonly string[],
): boolean {
  return isLinearizable(chatLogModel(texts), meaningful(history) as LogOperation[]);
}

/** Without the reads that nobody answered: they mean nothing. */
function meaningful(history: readonly Operation[]): Operation[] {
  return history.filter(({ input, returnedAt }) => {
    return returnedAt !== undefined || (input as { type: string }).type !== 'read';
  });
}
