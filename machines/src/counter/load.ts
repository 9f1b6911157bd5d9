import type { Load, Loads } from '../port/load.ts';
import { encodeCounterOperation, type CounterOperation } from './operations.ts';

/** Each client has a register of its own. */
export const counterLoads: Loads = {
  writes: (bytes) => ofEach((register) => [{ type: 'add', register, delta: 1 }, bytes]),
  reads: () => ofEach((register) => [{ type: 'read', register }]),
};

/** The operation of a client is always the same one, and encoded once. */
function ofEach(operation: (register: string) => [CounterOperation, padTo?: number]): Load {
  const known = new Map<number, Uint8Array>();
  return (client) => {
    let bytes = known.get(client);
    if (bytes === undefined) {
      bytes = encodeCounterOperation(...operation(`register-${client}`));
      known.set(client, bytes);
    }
    return bytes;
  };
}
