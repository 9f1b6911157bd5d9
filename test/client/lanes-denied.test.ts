import type { NatsLink } from '../../link/src/nats-link.ts';
import { parseCommand } from '../../contract/src/command.ts';
import { encodeReplies } from '../../contract/src/reply.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { Lanes } from '../../client/src/lanes.ts';
import { Refusals } from '../../client/src/refusals.ts';

/* Lanes over a link that the test holds: what NATS allows changes in the middle. */

const CLIENT = 'ab'.repeat(16);
const OPERATION = Buffer.from('an operation');
const SUBJECTS = subjectsOf('local', 'test');

test('what is refused with the opening of its session is refused once, and its lane is free once', async () => {
  let isAllowed = false;
  let take: (message: { subject: string; data: Uint8Array }) => void = () => undefined;
  const refusals = new Refusals();
  const link = {
    maxPayload: 1 << 20,
    isConnected: true,
    subscribe: (subject: string, taken: typeof take) => {
      if (subject.endsWith('*')) take = taken;
    },
    publish: (_: string, data: Uint8Array, reply: string) => {
      const command = parseCommand(data);
      if (!isAllowed || 'malformed' in command) return;
      const { number, operations } = command;
      const lane = Number(reply.slice(reply.lastIndexOf('.') + 1));
      const outcome = { ok: true, slot: 7, results: operations } as const;
      const subject = `inbox.${CLIENT}.replies`;
      const replies = encodeReplies({ clusterId: 'c', replies: [{ lane, number, outcome }] });
      setImmediate(() => take({ subject, data: replies }));
    },
  } as unknown as NatsLink; // Lanes use no more of it.
  const lanes = new Lanes({
    link,
    refusals,
    subjects: SUBJECTS,
    leading: 'leading',
    inbox: 'inbox',
    client: CLIENT,
    deadlineMs: 2_000,
    maxInFlight: 16,
  });
  const call = (): Promise<unknown> => lanes.request([OPERATION]);
  const denied = Promise.allSettled([call(), call(), call(), call()]);
  refusals.denied({ operation: 'publish', subject: SUBJECTS.request, sentence: 'may not' });
  for (const each of await denied) expect(each).toMatchObject({ reason: { code: 'NOT_ALLOWED' } });
  isAllowed = true;
  for (let round = 0; round < 3; round++) {
    const answered = await Promise.all([call(), call(), call(), call()]);
    expect(answered).toMatchObject([{ slot: 7 }, { slot: 7 }, { slot: 7 }, { slot: 7 }]);
  }
  lanes.close();
});
