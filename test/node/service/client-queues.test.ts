import { ClientQueues, waitingBytes } from '../../../node/src/service/client-queues.ts';

/* Commands of clients that wait, by their numbers. */

let queues: ClientQueues;
let number: number;
beforeEach(() => {
  queues = new ClientQueues();
  number = 0;
});

function add(client: string, bytes: number, since = 0): void {
  number += 1;
  const command = new Uint8Array(bytes);
  queues.add({ client, number, command, since, isUnsure: false });
}

const taken = (limit: number): string[] => queues.take(limit).map(({ client }) => client);

test('a client that sends much waits for itself: the others have their share of each slot', () => {
  for (let i = 0; i < 100; i++) add('flood', 100_000);
  for (const client of ['a', 'b']) for (let i = 0; i < 50; i++) add(client, 100);
  const slot = taken(256 * 1024);
  expect(slot.filter((client) => client === 'a')).toHaveLength(50);
  expect(slot.filter((client) => client === 'b')).toHaveLength(50);
  expect(slot.filter((client) => client === 'flood')).toHaveLength(2);
});

test('clients that send commands of different sizes get as many bytes', () => {
  for (let i = 0; i < 1_000; i++) add('small', 1_000);
  for (let i = 0; i < 100; i++) add('large', 10_000);
  const bytes: Record<string, number> = { small: 0, large: 0 };
  for (let i = 0; i < 10; i++) {
    for (const { client, command } of queues.take(100_000)) bytes[client]! += command.length;
  }
  expect(Math.abs(bytes['small']! - bytes['large']!)).toBeLessThan(100_000);
});

test('what is taken is in the order of each client, and never more than asked for', () => {
  for (let i = 0; i < 40; i++) add(i % 3 === 0 ? 'a' : 'b', 1_000 * (1 + (i % 5)));
  const numbers: Record<string, number[]> = { a: [], b: [] };
  while (!queues.isEmpty) {
    const some = queues.take(6_000);
    expect(some.reduce((sum, { command }) => sum + command.length, 0)).toBeLessThanOrEqual(6_000);
    for (const each of some) numbers[each.client]!.push(each.number);
  }
  for (const each of Object.values(numbers)) expect(each).toEqual(each.toSorted((a, b) => a - b));
  expect(numbers['a']!.length + numbers['b']!.length).toBe(40);
  expect(queues.bytes).toBe(0);
});

test('a command that is larger than asked for goes alone', () => {
  add('a', 5_000);
  add('a', 10);
  expect(taken(1_000)).toEqual(['a']);
  expect(taken(1_000)).toEqual(['a']);
  expect(queues.isEmpty).toBe(true);
});

test('it knows what each client holds, since when, and takes back what came last', () => {
  add('a', 100, 7);
  add('b', 300, 8);
  add('b', 50, 9);
  const size = (bytes: number): number => waitingBytes(new Uint8Array(bytes));
  expect([queues.bytesOf('a'), queues.bytesOf('b')]).toEqual([size(100), size(300) + size(50)]);
  expect([queues.largest, queues.waitsSince('b'), queues.has('b', 3)]).toEqual(['b', 8, true]);
  expect(queues.takeLast('b')).toMatchObject({ number: 3, since: 9 });
  expect([queues.has('b', 3), queues.bytesOf('b')]).toEqual([false, size(300)]);
  expect(queues.takeLast('b')).toMatchObject({ number: 2 });
  expect([queues.largest, queues.waitsSince('b'), queues.bytes]).toEqual([
    'a',
    undefined,
    size(100),
  ]);
  expect(queues.takeLast('b')).toBeUndefined();
  queues.clear();
  expect([queues.isEmpty, queues.bytes]).toEqual([true, 0]);
});
