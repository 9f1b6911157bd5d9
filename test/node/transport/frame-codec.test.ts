import fc from 'fast-check';
import { reachSteps, type Message } from '../../../node/src/paxos/messages.ts';
import { ENVELOPE_BYTES, seal } from '../../../contract/src/envelope.ts';
import {
  encodeFrame,
  parseFrame,
  WIRE_VERSION,
  type Frame,
} from '../../../node/src/transport/frame-codec.ts';
import { FRAME_BYTES, messageBytes } from '../../../node/src/transport/message-bytes.ts';

const slot = fc.nat();
const id = fc.string({
  unit: fc.constantFrom('a', 'b', 'Z', '-', '_', '9'),
  minLength: 1,
  maxLength: 20,
});
const incarnation = fc.record({ count: slot, random: slot });
const end = fc.record({ incarnation, sequence: slot });
const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const mark = fc.record({ slot, from: slot, hash });
const ballot = fc.record({ round: fc.nat(), leader: id });
const value = fc.array(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 5 },
);
const pvalues = fc.array(fc.record({ ballot, slot, value }), { maxLength: 4 });

/** A message with a field more or without it. */
function optional<T, V>(
  message: fc.Arbitrary<T>,
  field: string,
  of: fc.Arbitrary<V>,
): fc.Arbitrary<T> {
  return fc.tuple(message, fc.option(of)).map(([rest, found]) => ({
    ...rest,
    ...(found === null ? {} : { [field]: found }),
  }));
}

const type = <T extends Message['type']>(name: T): fc.Arbitrary<T> => fc.constant(name);
/** By type, so that none is forgotten. */
const byType: { [T in Message['type']]: fc.Arbitrary<Extract<Message, { type: T }>> } = {
  p1a: fc.record({ type: type('p1a'), ballot, from: slot }),
  p2a: fc.record({ type: type('p2a'), ballot, slot, value, decided: fc.array(slot) }),
  p1b: optional(
    fc.record({ type: type('p1b'), ballot, from: slot, forgotten: slot, pvalues }),
    'next',
    slot,
  ),
  p2b: fc.record({ type: type('p2b'), ballot, slot }),
  propose: fc.record({ type: type('propose'), slot, value }),
  forgotten: fc.record({ type: type('forgotten'), below: slot }),
  heartbeat: optional(
    optional(fc.record({ type: type('heartbeat'), ballot, slotOut: slot }), 'floor', slot),
    'ends',
    fc.dictionary(id, optional(end, 'before', slot), { maxKeys: 4, noNullPrototype: true }),
  ),
  decision: optional(fc.record({ type: type('decision'), ballot, slot }), 'value', value),
  learn: optional(
    optional(fc.record({ type: type('learn'), from: slot }), 'ballot', ballot),
    'survey',
    slot,
  ),
  learned: optional(
    optional(
      fc.record({ type: type('learned'), from: slot, slotOut: slot, decisions: pvalues }),
      'survey',
      slot,
    ),
    'floor',
    slot,
  ),
  alive: optional(
    fc.record({ type: type('alive'), ballot, slotOut: slot, flushed: slot }),
    'machine',
    slot,
  ),
  canvass: fc.record({ type: type('canvass'), ballot }),
  canvassed: fc.record({
    type: type('canvassed'),
    ballot,
    supports: fc.boolean(),
    slotOut: slot,
  }),
  'hand-over': fc.record({ type: type('hand-over'), ballot }),
  question: fc.record({ type: type('question') }),
  testimony: optional(
    fc.record({ type: type('testimony'), of: incarnation, sequence: slot }),
    'latest',
    incarnation,
  ),
  probe: fc.record({ type: type('probe'), of: incarnation, number: slot }),
  probed: fc.record({ type: type('probed'), of: incarnation, number: slot, end: slot }),
  history: fc.record({ type: type('history'), mark, asks: fc.boolean() }),
  digests: fc.record({
    type: type('digests'),
    slot,
    tables: fc.array(fc.record({ table: id, count: slot, sum: hash }), { maxLength: 3 }),
  }),
  reach: fc.record({ type: type('reach'), step: fc.constantFrom(...reachSteps), member: id }),
  fetch: optional(fc.record({ type: type('fetch'), at: slot }), 'snapshot', id),
  chunk: fc.record({
    type: type('chunk'),
    snapshot: id,
    slot,
    at: slot,
    bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    digest: id,
    isLast: fc.boolean(),
  }),
};
const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(byType));
const stamped = fc.oneof(fc.record({ end }), fc.record({ end, history: mark }));
const frame: fc.Arbitrary<Frame> = fc
  .tuple(id, id, fc.option(id, { nil: undefined }), fc.array(message, { maxLength: 4 }), stamped)
  .map(([cluster, from, to, messages, stamp]) => ({ cluster, from, to, messages, ...stamp }));
const plain = { end: { incarnation: { count: 1, random: 2 }, sequence: 3 } };

test.each(Object.keys(byType) as Message['type'][])('a %s is parsed as it was', (name) => {
  fc.assert(
    fc.property(byType[name], (one: Message) => {
      const sent = { cluster: 'c', from: 'a', to: 'b', messages: [one], ...plain };
      expect(parseFrame(encodeFrame(sent))).toEqual(sent);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test('a frame of several messages is parsed as it was, to one or to all', () => {
  fc.assert(
    fc.property(frame, (sent) => expect(parseFrame(encodeFrame(sent))).toEqual(sent)),
    { seed: 2 },
  );
});

test('how large a frame is at most is known before it is encoded', () => {
  fc.assert(
    fc.property(frame, (sent) => {
      const most = sent.messages.reduce((sum, one) => sum + messageBytes(one), FRAME_BYTES);
      expect(encodeFrame(sent).length).toBeLessThanOrEqual(most);
    }),
    { seed: 6, numRuns: 1_000 },
  );
  // And the guess is not far from it where it matters: of many small commands.
  const value = Array.from({ length: 5_000 }, () => Buffer.alloc(40));
  const large: Message = { type: 'propose', slot: 1, value };
  const encoded = encodeFrame({ cluster: 'c', from: 'a', to: 'b', messages: [large], ...plain });
  expect(messageBytes(large) + FRAME_BYTES).toBeGreaterThanOrEqual(encoded.length);
  expect(messageBytes(large)).toBeLessThan(1.1 * encoded.length);
});

test('any bytes are a frame or malformed, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(parseFrame(bytes)).toBeInstanceOf(Object);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('any flipped bit of a frame is noticed', () => {
  fc.assert(
    fc.property(frame, fc.nat(), (sent, at) => {
      const bytes = Buffer.from(encodeFrame(sent));
      const bit = at % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(parseFrame(bytes)).toHaveProperty(bit < 8 ? 'malformed' : 'garbled');
    }),
    { seed: 4, numRuns: 1000 },
  );
});

test('what is whole and still no frame is malformed, and nothing is thrown', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(frame, changes, (sent, changed) => {
      const bytes = Buffer.from(encodeFrame(sent));
      for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
      const parsed = parseFrame(seal(bytes, WIRE_VERSION));
      if (!('messages' in parsed)) return;
      for (const each of parsed.messages) expect(Object.keys(byType)).toContain(each.type);
    }),
    { seed: 6, numRuns: 1000 },
  );
});

test('a frame that is cut off is garbled', () => {
  fc.assert(
    fc.property(frame, (sent) => {
      const bytes = encodeFrame(sent);
      expect(parseFrame(bytes.subarray(0, -1))).toHaveProperty('garbled');
      expect(parseFrame(bytes.subarray(0, 3))).toHaveProperty('malformed');
    }),
    { seed: 5 },
  );
});

/** A frame that is whole, as of a peer that means harm. */
function frameOf(content: Buffer): Buffer {
  return seal(Buffer.concat([Buffer.alloc(ENVELOPE_BYTES), content]), WIRE_VERSION);
}

test('references, by which few bytes become a value that never ends, are not taken', () => {
  // [[], [↑, ↑], [↑, ↑], …], where each has the one before it twice; and a byte too many.
  const levels = 16;
  const id = (number: number): number[] => [0, 0, 0, number];
  const bytes = [0xdc, 0, levels, 0xd6, 0x69, ...id(1), 0x91, 1];
  for (let level = 2; level <= levels; level++) {
    const before = [0xd6, 0x70, ...id(level - 1)];
    bytes.push(0xd6, 0x69, ...id(level), 0x92, ...before, ...before);
  }
  const malformed = '0xd6 packs nothing that may travel';
  expect(parseFrame(frameOf(Buffer.from([...bytes, 1])))).toEqual({ malformed });
});

test('bundled texts, of which each is a copy of all that follow, are not taken', () => {
  // A list of bundles, each of which says that its texts are at the end.
  const count = 100_000;
  const bundle = Buffer.from([0xd6, 0x62, 0, 0, 0, 4, 0xa0, 0xa0, 0xc1, 0]);
  const head = Buffer.from([0xdd, 0, 0, 0, 0]);
  head.writeUInt32BE(count, 1);
  const content = Buffer.concat([head, ...Array.from({ length: count }, () => bundle)]);
  const malformed = '0xd6 packs nothing that may travel';
  expect(parseFrame(frameOf(content))).toEqual({ malformed });
});

test('an id that would make another subject of it is malformed, wherever it stands', () => {
  const ids = ['a b', 'a\r\nPUB x', 'a.b', '*', '>', 'é', 'a'.repeat(65)];
  for (const wrong of ids) {
    const leader: Message = { type: 'p1a', ballot: { round: 1, leader: wrong }, from: 0 };
    const heartbeat: Message = {
      type: 'heartbeat',
      ballot: { round: 1, leader: 'a' },
      slotOut: 0,
      ends: { [wrong]: { incarnation: { count: 1, random: 1 }, sequence: 1 } },
    };
    for (const over of [{ from: wrong }, { to: wrong }, { messages: [leader, heartbeat] }]) {
      const sent = { cluster: 'c', from: 'a', to: 'b', messages: [], ...plain, ...over };
      expect(parseFrame(encodeFrame(sent))).toHaveProperty('malformed');
    }
  }
});

test('another version is malformed', () => {
  const frame = encodeFrame({ cluster: 'c', from: 'a', to: 'b', messages: [], ...plain });
  expect(parseFrame(seal(Buffer.from(frame), 9))).toEqual({ malformed: 'version 9' });
});
