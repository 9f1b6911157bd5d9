import { ENVELOPE_BYTES, seal } from '../../../contract/src/envelope.ts';
import { pack } from '../../../contract/src/message-pack.ts';
import { encodeSystemCommand } from '../../../node/src/paxos/system-command.ts';
import { MOST_PVALUES, Page } from '../../../node/src/paxos/page.ts';
import { MOST_RIDING } from '../../../node/src/paxos/proposals.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import {
  encodeFrame,
  parseFrame,
  WIRE_VERSION,
  type FrameHead,
} from '../../../node/src/transport/frame-codec.ts';
import {
  FREE_ELEMENTS,
  messageElements,
  mostElements,
  MOST_MESSAGES,
} from '../../../node/src/transport/frame-elements.ts';
import { MemoryNetwork } from '../../../node/src/transport/memory.ts';
import { frameWithin } from '../../../node/src/transport/message-bytes.ts';
import { Receiver } from '../../../node/src/transport/receiver.ts';
import { roomIn } from '../../../node/src/transport/transport.ts';

/* What is made of tiny elements costs a thousand times what other bytes do: no frame has many. */

const MIB = 1024 * 1024;
const end = { incarnation: { count: 1, random: 2 }, sequence: 3 };
const head: FrameHead = { cluster: 'c', from: 'a', to: undefined, end };
const ballot = { round: 1, leader: 'a' };

type Said = [cluster: string, from: string, to: string, count: number];

/** A frame of a peer that means harm: what it says first is right. */
function frameOf(messages: number, bytes: Buffer, said: Said = ['c', 'a', '', 1]): Buffer {
  const before = pack([...said, 2, 3, null, null, null]).subarray(1);
  const begin = Buffer.of(0xdd, 0, 0, 0, 0);
  begin.writeUInt32BE(9 + messages, 1);
  return seal(Buffer.concat([Buffer.alloc(ENVELOPE_BYTES), begin, before, bytes]), WIRE_VERSION);
}

/** A list of so many of them. */
function listOf(count: number, ...element: number[]): Buffer {
  const begin = Buffer.of(0xdd, 0, 0, 0, 0);
  begin.writeUInt32BE(count, 1);
  return Buffer.concat([begin, Buffer.alloc(count * element.length, Buffer.from(element))]);
}

const p2aOf = (list: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0x96, 1, 1, 0xa1, 0x61, 1), list, Buffer.of(0x90)]);

test('frames of tiny elements are malformed before there is memory for them', () => {
  const million = 1024 * 1024;
  const made: [number, Buffer][] = [
    [million, Buffer.alloc(2 * million, Buffer.of(0x91, 16))], // Questions.
    [million, Buffer.alloc(million, 0x90)],
    [1, p2aOf(listOf(million, 0xc4, 0))],
    [1, p2aOf(listOf(million, 0x90))],
    [1, listOf(million, 0x91, 0x91, 0x91, 0x90)],
    [1, listOf(million, 0x94, 1, 1, 1, 1)],
  ];
  for (const [messages, bytes] of made) {
    const frame = frameOf(messages, bytes);
    const most = mostElements(frame.length - ENVELOPE_BYTES);
    const malformed = `more than ${most} elements in lists`;
    expect(parseFrame(frame)).toEqual({ malformed });
  }
});

test('a frame has so many messages and no more, and none that is read after one that is none', () => {
  const questions = (count: number): Buffer => Buffer.alloc(2 * count, Buffer.of(0x91, 16));
  const most = parseFrame(frameOf(MOST_MESSAGES, questions(MOST_MESSAGES)));
  expect(most).toMatchObject({ messages: { length: MOST_MESSAGES } });
  const more = MOST_MESSAGES + 1;
  expect(parseFrame(frameOf(more, questions(more)))).toEqual({ malformed: `${more} messages` });
  const broken = Buffer.concat([Buffer.of(0x91, 99), Buffer.of(0xc1)]);
  expect(parseFrame(frameOf(2, broken))).toEqual({ malformed: 'message type 99' });
});

test("what is said first has no lists, in another cluster's frames neither", () => {
  for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
    const said: unknown[] = ['other', 'a', '', 1, 2, 3, 4, 5, 6n];
    said[at] = [[], []];
    const frame = seal(pack(said, ENVELOPE_BYTES), WIRE_VERSION);
    const malformed = 'a list stands where there is none';
    expect(parseFrame(frame, () => 'other-cluster')).toEqual({ malformed });
  }
});

describe('what is not for a member is dropped by what it says first: nothing else is read', () => {
  const dropped: string[] = [];
  const taken: Message[] = [];
  const receiver = new Receiver({
    ...{ cluster: 'c', self: 'b' },
    stamp: () => ({ end: { ...end, incarnation: { count: 9, random: 2 } } }),
    onDropped: (reason, detail) => dropped.push(`${reason} ${detail}`),
  });
  receiver.onMessage((_from, message) => taken.push(message));
  const broken = Buffer.of(0xc1); // Whoever reads it finds that it is none.

  test.each([
    ['another cluster', frameOf(1, broken, ['other', 'a', '', 1]), 'other-cluster a'],
    [
      'another cluster, and another member',
      frameOf(1, broken, ['other', 'a', 'x', 1]),
      'other-cluster a',
    ],
    ['another member', frameOf(1, broken, ['c', 'a', 'x', 1]), 'not-for-me a'],
    ["a twin's", frameOf(1, broken, ['c', 'b', '', 8]), 'malformed 0xc1'],
    ['its own', frameOf(1, broken, ['c', 'b', '', 9]), 'not-for-me b'],
    [
      'for it',
      frameOf(1, broken, ['c', 'a', 'b', 1]),
      'malformed 0xc1 packs nothing that may travel',
    ],
    ['for all', frameOf(1, broken), 'malformed 0xc1 packs nothing that may travel'],
    ['garbled', frameOf(1, broken).subarray(0, -1), 'garbled'],
  ])('%s', (_name, frame, reason) => {
    dropped.length = 0;
    receiver.receive(frame);
    expect(dropped).toEqual([expect.stringContaining(reason)]);
    expect(taken).toEqual([]);
  });
});

describe('the densest that members send', () => {
  /** A command of a client, without operations. */
  const command = Buffer.alloc(35, 1);
  /** The shortest that the cluster itself decides. */
  const compare = encodeSystemCommand({ type: 'compare' });

  const value = (bytes: number, of: Uint8Array): Uint8Array[] =>
    new Array<Uint8Array>(Math.floor(bytes / of.length)).fill(of);

  /** Slots of one byte each. */
  const decided = new Array<number>(MOST_RIDING).fill(7);
  const noOps = new Page(Infinity, Infinity);
  for (let slot = 0; noOps.add({ ballot, slot: slot % 128, value: [] });) slot += 1;
  const { pvalues } = noOps;
  const ends = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => [id, { ...end, before: 1 }]),
  );
  const p2a = (slot: number, commands: Uint8Array[]): Message => {
    return { type: 'p2a', ballot, slot, value: commands, decided };
  };
  /** What a page of no-ops was in members that bounded it by its bytes alone: 96 for each. */
  const older = Array.from({ length: Math.floor(roomIn(MIB) / 96) }, (_, slot) => {
    return { ballot, slot: slot % 128, value: [] };
  });
  const many = <T>(count: number, of: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => of(i));

  const dense: [string, Message[]][] = [
    ['votes', many(5_000, (slot) => ({ type: 'p2b', ballot, slot: slot % 128 }))],
    ['questions', many(5_000, () => ({ type: 'question' }))],
    ['no-ops with decisions', many(1_000, (slot) => p2a(slot % 128, []))],
    [
      'batches',
      many(64, (slot) =>
        p2a(
          slot,
          many(1_000, () => command),
        ),
      ),
    ],
    ['the largest batch', [p2a(1, value(768 * 1024, command))]],
    ['one that fills a frame in parts', [p2a(1, value(3.5 * MIB, command))]],
    ['commands of the cluster', [p2a(1, value(3.5 * MIB, compare))]],
    ['a page that was accepted', [{ type: 'p1b', ballot, from: 0, forgotten: 0, pvalues }]],
    [
      'decided pages',
      many(3, () => ({ type: 'learned', from: 0, slotOut: 1, decisions: pvalues })),
    ],
    ['a page of an older member', [{ type: 'learned', from: 0, slotOut: 1, decisions: older }]],
    ['heartbeats', many(3_000, () => ({ type: 'heartbeat', ballot, slotOut: 1, floor: 1, ends }))],
    [
      'digests',
      many(2_000, (slot) => {
        const tables = many(9, () => ({ table: 't', count: 1, sum: 2n ** 63n }));
        return { type: 'digests', slot, tables };
      }),
    ],
  ];

  test.each(dense)('%s', (_name, messages) => {
    const network = new MemoryNetwork((_from, _to, deliver, data) => deliver(data));
    const got: Message[] = [];
    const dropped: string[] = [];
    const join = (self: string): ReturnType<typeof network.join> => {
      const onDropped = (reason: string, detail: string): void => {
        dropped.push(`${reason} ${detail}`);
      };
      return network.join({ cluster: 'c', self, stamp: () => ({ end }), onDropped });
    };
    join('b').onMessage((_from, message) => got.push(message));
    join('a').broadcast(messages);
    expect(dropped).toEqual([]);
    expect(got.length).toBe(messages.length);
    expect(parseFrame(encodeFrame({ ...head, messages: [got.at(-1) as Message] }))).toHaveProperty(
      'messages',
    );
  });

  test('a page of no-ops ends where a frame has room for more', () => {
    expect(pvalues).toHaveLength(MOST_PVALUES);
    const page: Message = { type: 'p1b', ballot, from: 0, forgotten: 0, pvalues };
    expect(messageElements(page)).toBeLessThan(FREE_ELEMENTS);
  });

  test('a frame takes as many messages as may be in one, and by their elements', () => {
    const question: Message = { type: 'question' };
    const count = frameWithin(
      many(5_000, () => question),
      0,
      Infinity,
    );
    expect(count).toBeLessThanOrEqual(MOST_MESSAGES);
    expect(count).toBeGreaterThan(MOST_MESSAGES - 2);
    const page: Message = { type: 'p1b', ballot, from: 0, forgotten: 0, pvalues };
    expect(frameWithin([question, page, page, question], 1, Infinity)).toBe(1);
    expect(frameWithin([question, page, page, question], 2, Infinity)).toBe(2);
  });
});
