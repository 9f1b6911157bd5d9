import { randomBytes } from 'node:crypto';
import { connect } from 'nats';
import { encodeCommand } from '../../../contract/src/command.ts';
import { encodeCounterOperation } from '../../../machines/src/counter/operations.ts';
import { parseReplies } from '../../../contract/src/reply.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import { pause } from './until.ts';

const OPEN_AT_A_TIME = 256;
/** As short as a session of the SDK. */
const TTL_MS = 60_000;
/** No command has it. */
const OPENING = 2;

/** Clients that open a session, write once, and vanish without a word; as many as come through. */
export async function vanishingClients(
  _: unknown,
  { natsUrl, cluster }: { readonly natsUrl: string; readonly cluster: string },
  signal: AbortSignal,
): Promise<void> {
  const connection = await connect({ servers: natsUrl });
  const subjects = subjectsOf('local', cluster);
  const inbox = `${subjects.inbox('writer')}.${randomBytes(8).toString('hex')}`;
  const add = encodeCounterOperation({ type: 'add', register: 'vanished', delta: 1 });
  const begin = (lane: number): void => {
    if (signal.aborted) return; // The connection may be closed by now.
    const client = randomBytes(16).toString('hex');
    const own = `${inbox}.${client}`;
    const subscription = connection.subscribe(`${own}.replies`, {
      callback: (_error, { data }) => {
        const [reply] = parseReplies(data)?.replies ?? [];
        if (reply === undefined) return;
        if (reply.number === OPENING && reply.outcome.ok) {
          const session = { type: 'in', id: reply.outcome.slot } as const;
          const command = { client, number: 1, lowest: 1, operations: [add], session };
          connection.publish(subjects.request, encodeCommand(command), { reply: `${own}.${lane}` });
        } else {
          subscription.unsubscribe();
          setTimeout(() => begin(lane), reply.outcome.ok ? 0 : 100);
        }
      },
    });
    const session = { type: 'open', ttlMs: TTL_MS } as const;
    const opening = { client, number: OPENING, lowest: 1, operations: [], session };
    connection.publish(subjects.request, encodeCommand(opening), { reply: `${own}.${lane}` });
  };
  for (let lane = 0; lane < OPEN_AT_A_TIME; lane++) begin(lane);
  while (!signal.aborted) await pause(0.1);
  await connection.close();
}
