import { encodeChatOperation } from '../../../contract/src/chat-log.ts';
import { encodeCounterOperation } from '../../../contract/src/counter.ts';
import type { SynodClient } from '../../../client/src/client.ts';
import type { Target } from './load.ts';

/** The state machines that are measured. */
export const machines = ['counter', 'chat-log'] as const;
export type MachineName = (typeof machines)[number];

export const COMMAND_BYTES = 256;

/** A cluster under load: commands of 256 bytes, none like another where that matters. */
export function clusterTarget(machine: MachineName, client: SynodClient): Target {
  const operation = machine === 'counter' ? addTo : nextText();
  return {
    name: machine,
    request: (number, packing) =>
      client.propose(Array.from({ length: packing }, () => operation(number))),
  };
}

/** Linearizable reads at a quorum, of one register for each client, which are in no log. */
export function readTarget(client: SynodClient): Target {
  return {
    name: 'counter, reads',
    isSingle: true,
    request: (number) => client.readRegister(`register-${number}`),
  };
}

const adds = new Map<number, Uint8Array>();

/** Each client adds to a register of its own. */
function addTo(client: number): Uint8Array {
  let add = adds.get(client);
  if (add === undefined) {
    const register = `register-${client}`;
    add = encodeCounterOperation({ type: 'add', register, delta: 1 }, COMMAND_BYTES);
    adds.set(client, add);
  }
  return add;
}

/** A text that is in the log already would not be appended: each is another. */
function nextText(): () => Uint8Array {
  let count = 0;
  const empty = encodeChatOperation({ type: 'append', text: 'x'.repeat(COMMAND_BYTES - 64) });
  const length = COMMAND_BYTES - (empty.length - (COMMAND_BYTES - 64));
  return () => {
    count += 1;
    return encodeChatOperation({ type: 'append', text: `${count} `.padEnd(length, 'synod ') });
  };
}
