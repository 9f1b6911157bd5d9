import fc from 'fast-check';
import type { Message } from '../../../node/src/paxos/messages.ts';
import { encodeFrame, parseFrame, type Frame } from '../../../node/src/transport/codec.ts';

const slot = fc.nat();
const id = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', '-', '_', '9'),
  minLength: 1,
  maxLength: 20,
});
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
    fc.record({ type: type('p1b'), ballot, from: slot, floor: slot, pvalues }),
    'next',
    slot,
  ),
  p2b: fc.record({ type: type('p2b'), ballot, slot }),
  propose: fc.record({ type: type('propose'), slot, value }),
  floor: fc.record({ type: type('floor'), floor: slot }),
  heartbeat: optional(fc.record({ type: type('heartbeat'), ballot, slotOut: slot }), 'floor', slot),
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
  alive: fc.record({ type: type('alive'), ballot, slotOut: slot, flushed: slot }),
  canvass: fc.record({ type: type('canvass'), ballot }),
  canvassed: fc.record({
    type: type('canvassed'),
    ballot,
    supports: fc.boolean(),
    slotOut: slot,
  }),
  'hand-over': fc.record({ type: type('hand-over'), ballot }),
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
const frame: fc.Arbitrary<Frame> = fc.record({
  cluster: id,
  from: id,
  to: fc.option(id, { nil: undefined }),
  messages: fc.array(message, { maxLength: 4 }),
});

test.each(Object.keys(byType) as Message['type'][])('a %s is parsed as it was', (name) => {
  fc.assert(
    fc.property(byType[name], (one: Message) => {
      const sent = { cluster: 'c', from: 'a', to: 'b', messages: [one] };
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

test('any bytes are a frame or malformed, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(parseFrame(bytes)).toBeInstanceOf(Object);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('a frame with bytes changed is another frame or malformed, and nothing is thrown', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(frame, changes, (sent, changed) => {
      const bytes = Buffer.from(encodeFrame(sent));
      for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
      const parsed = parseFrame(bytes);
      if ('malformed' in parsed) return;
      for (const each of parsed.messages) expect(Object.keys(byType)).toContain(each.type);
    }),
    { seed: 4, numRuns: 1000 },
  );
});

test('a frame that is cut off is malformed', () => {
  fc.assert(
    fc.property(frame, (sent) => {
      const bytes = encodeFrame(sent);
      expect(parseFrame(bytes.subarray(0, -1))).toHaveProperty('malformed');
    }),
    { seed: 5 },
  );
});

test('another version is malformed', () => {
  const bytes = Buffer.from(encodeFrame({ cluster: 'c', from: 'a', to: 'b', messages: [] }));
  bytes[1] = 9;
  expect(parseFrame(bytes)).toEqual({ malformed: 'version 9' });
});
