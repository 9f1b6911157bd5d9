import type { Load, Loads } from '../port/load.ts';
import { encodeCounterOperation } from './operations.ts';

/** Each client has a register of its own. */
export const counterLoads: Loads = {
  writes: (bytes) =>
    ofEach((register) => encodeCounterOperation({ type: 'add', register, delta: 1 }, bytes)),
  reads: () => ofEach((register) => encodeCounterOperation({ type: 'read', register })),
};

/** The operation of a client is always the same one, and encoded once. */
function ofEach(operation: (register: string) => Uint8Array): Load {
  const known = new Map<number, Uint8Array>();
  return (client) => {
    let bytes = known.get(client);
    if (bytes === undefined) {
      bytes = operation(`register-${client}`);
      known.set(client, bytes);
    }
    return bytes;
  };
}
