import type { Load, Target } from './load.ts';

const FILL: Load = { clients: 64, packing: 16 };

/** Applies so many commands, or up to a request more. @param told how many were answered so far */
export async function fill(
  target: Target,
  commands: number,
  told: (answered: number) => void,
): Promise<void> {
  const { clients, packing } = FILL;
  let asked = 0;
  let answered = 0;
  const run = async (client: number): Promise<void> => {
    while (asked < commands) {
      asked += packing;
      await target.request(client, packing);
      answered += packing;
      told(answered);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
}
