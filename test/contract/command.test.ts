import fc from 'fast-check';
import {
  checkCommand,
  encodeCommand,
  isSoundCommand,
  MAX_TTL_MS,
  parseCommand,
  type Command,
} from '../../contract/src/command.ts';

const commands = fc
  .record({
    client: fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) => Buffer.from(bytes).toString('hex')),
    lowest: fc.integer({ min: 1, max: 2 ** 40 }),
    ahead: fc.nat(1e6),
    operations: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 }),
    session: fc.option(fc.nat(1e9), { nil: undefined }),
  })
  .map(({ client, lowest, ahead, operations, session: id }): Command => ({
    client,
    lowest,
    number: lowest + ahead,
    operations,
    ...(id !== undefined && { session: { type: 'in', id } }),
  }));

const CLIENT = 'ab'.repeat(16);
const OPEN = { client: CLIENT, number: 7, lowest: 7, operations: [] };
const opening = encodeCommand({ ...OPEN, session: { type: 'open', ttlMs: 1_000 } });

/** Operations as plain arrays, so that a Buffer equals a Uint8Array. */
function plain(command: Command): unknown {
  return { ...command, operations: command.operations.map((operation) => [...operation]) };
}

test('what is encoded is parsed again', () => {
  fc.assert(
    fc.property(commands, (command) => {
      const bytes = encodeCommand(command);
      const parsed = parseCommand(bytes);
      if ('malformed' in parsed) throw new Error(parsed.malformed);
      expect(plain(parsed)).toEqual(plain(command));
      const { operations, ...rest } = command;
      expect(checkCommand(bytes)).toEqual({ ...rest, count: operations.length });
    }),
    { seed: 1 },
  );
});

test('a command that is cut off anywhere, or goes on, is malformed', () => {
  fc.assert(
    fc.property(
      commands,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (c, at) => {
        const bytes = encodeCommand(c);
        const cut = bytes.subarray(0, Math.floor(at * bytes.length));
        expect(checkCommand(cut)).toHaveProperty('malformed');
        expect(parseCommand(Buffer.concat([bytes, Buffer.of(0)]))).toHaveProperty('malformed');
      },
    ),
    { seed: 2 },
  );
});

test('what opens and closes a session is parsed again, and has no operations', () => {
  const closing = encodeCommand({ ...OPEN, session: { type: 'close', id: 5 } });
  expect(parseCommand(opening)).toEqual({ ...OPEN, session: { type: 'open', ttlMs: 1_000 } });
  expect(parseCommand(closing)).toEqual({ ...OPEN, session: { type: 'close', id: 5 } });
  const operations = [Buffer.from('x')];
  const more = encodeCommand({ ...OPEN, operations, session: { type: 'close', id: 5 } });
  expect(parseCommand(more)).toEqual({ malformed: 'operations beside "close"' });
  const none = encodeCommand({ ...OPEN, session: { type: 'in', id: 5 } });
  expect(parseCommand(none)).toEqual({ malformed: 'no operation' });
});

test.each([0, 999, MAX_TTL_MS + 1])('a session of %i ms is malformed', (ttlMs) => {
  const bytes = encodeCommand({ ...OPEN, session: { type: 'open', ttlMs } });
  expect(parseCommand(bytes)).toEqual({ malformed: `a session of ${ttlMs} ms` });
});

test('any flipped bit is noticed, that of the version included', () => {
  const operations = [Buffer.from('pay 100')];
  const running = encodeCommand({ ...OPEN, operations, session: { type: 'in', id: 5 } });
  const sessionless = encodeCommand({ ...OPEN, operations });
  for (const bytes of [running, sessionless, opening]) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isSoundCommand(flipped)).toBe(false);
    }
  }
});

test('any bytes are a command or malformed, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(1, 2, 4), (bytes, version) => {
      bytes[0] = version;
      const parsed = parseCommand(bytes);
      if (!('malformed' in parsed)) expect(parsed.lowest).toBeLessThanOrEqual(parsed.number);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('a number below the lowest unanswered one is malformed', () => {
  const operations = [Buffer.from('x')];
  const bytes = encodeCommand({ client: 'ab'.repeat(16), number: 3, lowest: 4, operations });
  expect(checkCommand(bytes)).toEqual({ malformed: 'lowest 4 of number 3' });
});

test('a client id that is none is refused when it is encoded', () => {
  const command = { client: 'short', number: 1, lowest: 1, operations: [Buffer.from('x')] };
  expect(() => encodeCommand(command)).toThrow(RangeError);
});
