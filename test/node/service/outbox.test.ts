import type { Message } from '../../../node/src/paxos/messages.ts';
import { Outbox } from '../../../node/src/service/outbox.ts';
import { ballot } from '../paxos/samples.ts';

const message: Message = { type: 'heartbeat', ballot: ballot('1.a'), slotOut: 0 };

const never = (to: string): void => {
  throw new Error(`a message to ${to} was dropped`);
};

/** How a message leaves: `all`, or to whom. */
function left(self: string, to: readonly string[]): string[] {
  const ways: string[] = [];
  const transport = {
    send: (member: string) => void ways.push(member),
    broadcast: () => void ways.push('all'),
  };
  const outbox = new Outbox(transport, self, () => ['a', 'b', 'c'], never);
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

test('so much leaves at a time, a message at least; what is left follows in order', () => {
  const frames: (readonly [string, number[]])[] = [];
  const slots = (messages: readonly Message[]): number[] =>
    messages.map((each) => (each.type === 'propose' ? each.slot : -1));
  const transport = {
    send: (to: string, messages: readonly Message[]) => void frames.push([to, slots(messages)]),
    broadcast: (messages: readonly Message[]) => void frames.push(['all', slots(messages)]),
  };
  const outbox = new Outbox(transport, 'a', () => ['a', 'b', 'c'], never);
  const large = (slot: number): Message => {
    return { type: 'propose', slot, value: [new Uint8Array(10_000)] };
  };
  for (const slot of [1, 2, 3]) outbox.add(['b', 'c'], large(slot));
  for (const slot of [4, 5]) outbox.add(['b'], large(slot));
  const turns: number[] = [];
  while (!outbox.isEmpty) {
    outbox.send(25_000);
    turns.push(frames.length);
  }
  expect(frames).toEqual([
    ['all', [1, 2]],
    ['b', [4]],
    ['all', [3]],
    ['b', [5]],
  ]);
  expect(turns).toEqual([2, 4]);
  outbox.add(['c'], large(6));
  outbox.send(1); // One leaves, however large it is.
  expect(frames.at(-1)).toEqual(['c', [6]]);
});

test('what waits is bounded in bytes, whoever it is for: what is more is dropped, and is said', () => {
  const MOST = 16 * 1024 * 1024;
  let [sent, dropped] = [0, 0];
  const transport = {
    send: (_to: string, messages: readonly Message[]) => void (sent += messages.length),
    broadcast: (messages: readonly Message[]) => void (sent += messages.length),
  };
  const outbox = new Outbox(
    transport,
    'a',
    () => ['a', 'b', 'c'],
    () => void (dropped += 1),
  );
  const chunk: Message = {
    ...{ type: 'chunk', snapshot: '1-a', slot: 1, at: 0, digest: '', isLast: true },
    bytes: new Uint8Array(256 * 1024 - 512),
  };
  const room = MOST / (256 * 1024);
  for (let i = 0; i < 3_000; i++) outbox.add([`x${i}`], chunk);
  expect(dropped).toBe(3_000 - room);
  outbox.add(['b', 'c'], chunk); // A broadcast.
  expect(dropped).toBe(3_001 - room);
  outbox.send(Infinity);
  expect([sent, outbox.isEmpty]).toEqual([room, true]);
  // There is room again, and for one message in any case.
  outbox.add(['b'], { ...chunk, bytes: new Uint8Array(2 * MOST) });
  outbox.add(['c'], message);
  expect(dropped).toBe(3_002 - room);
  outbox.send(Infinity);
  for (let i = 0; i < room; i++) outbox.add(['b'], chunk);
  expect(dropped).toBe(3_002 - room);
});
