import type { Message } from '../../../node/src/paxos/messages.ts';
import { Outbox } from '../../../node/src/service/outbox.ts';
import { ballot } from '../paxos/samples.ts';

const message: Message = { type: 'heartbeat', ballot: ballot('1.a'), slotOut: 0 };

/** How a message leaves: `all`, or to whom. */
function left(self: string, to: readonly string[]): string[] {
  const ways: string[] = [];
  const transport = {
    send: (member: string) => void ways.push(member),
    broadcast: () => void ways.push('all'),
  };
  const outbox = new Outbox(transport, self, () => ['a', 'b', 'c']);
  outbox.add(to, message);
  outbox.send(Infinity);
  return ways;
}

test('what goes to everybody else is broadcast, also by an outsider', () => {
  expect(left('a', ['b', 'c'])).toEqual(['all']);
  expect(left('a', ['b'])).toEqual(['b']);
  expect(left('x', ['a', 'b', 'c'])).toEqual(['all']);
  expect(left('x', ['a', 'b'])).toEqual(['a', 'b']);
});
