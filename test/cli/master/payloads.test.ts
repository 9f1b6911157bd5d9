import fc from 'fast-check';
import { Payloads, type ProcessMessage } from '../../../cli/src/master/payloads.ts';

function wire(payload: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(payload)}-${payload}`);
}

test('payloads that are split anywhere come out whole, in order', () => {
  const texts = fc.string({ unit: 'grapheme' });
  const sent = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('ack' as const), messageId: fc.nat(), slot: fc.nat() }),
      fc.record({ type: fc.constant('chatLog' as const), texts }),
    ),
  );
  fc.assert(
    fc.property(sent, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (messages, sizes) => {
      const bytes = Buffer.concat(
        messages.map((message) =>
          wire(
            message.type === 'ack'
              ? `ack ${message.messageId} ${message.slot}`
              : `chatLog ${message.texts}`,
          ),
        ),
      );
      const payloads = new Payloads();
      const got: ProcessMessage[] = [];
      for (let at = 0; at < bytes.length;) {
        const { value: size } = sizes.next() as IteratorYieldResult<number>;
        got.push(...payloads.take(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(got).toEqual(messages);
    }),
    { seed: 1 },
  );
});

test.each(['nonsense without a length', '-', 'x-ack 1 2', '12345678901-', '3-abc', '5-ack 1'])(
  'what is not of the protocol is refused: %s',
  (bytes) => {
    expect(() => new Payloads().take(Buffer.from(bytes))).toThrow('what it sent');
  },
);
