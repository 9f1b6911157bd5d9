import fc from 'fast-check';
import {
  checkCommand,
  encodeCommand,
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
  })
  .map(({ client, lowest, ahead, operations }): Command => ({
    client,
    lowest,
    number: lowest + ahead,
    operations,
  }));

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
      const { client, number, lowest, operations } = command;
      expect(checkCommand(bytes)).toEqual({ client, number, lowest, count: operations.length });
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

test('any bytes are a command or malformed, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      bytes[0] = 1;
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
