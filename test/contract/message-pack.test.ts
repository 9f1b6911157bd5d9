import fc from 'fast-check';
import { pack, unpack, Unpacking } from '../../contract/src/message-pack.ts';

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, false, ''),
    fc.integer(),
    fc.integer({ min: -300, max: 70_000 }),
    fc.double({ noNaN: true }).map((number) => number + 0), // No -0.
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
}));

test('what is packed is unpacked as it was', () => {
  fc.assert(
    fc.property(value, (sent) => expect(unpack(pack(sent))).toEqual(sent)),
    { seed: 1, numRuns: 500 },
  );
});

test('so is what is just as long as its length takes a byte more, or a byte less', () => {
  for (const edge of [8, 15, 31, 32, 40, 255, 65_535]) {
    for (const length of [edge - 1, edge, edge + 1]) {
      const sent = ['x'.repeat(length), 'é'.repeat(length), Buffer.alloc(length, 7)];
      expect(unpack(pack(sent))).toEqual(sent);
      expect(unpack(pack(Array.from({ length }, (_, i) => i)))).toHaveLength(length);
    }
  }
});

test('texts that look like one another are not taken for one another', () => {
  const texts = ['é-12345678', 'è-12345678', 'a-12345678', 'b-12345678', 'a-12345679'];
  for (const text of [...texts, ...texts.reverse()]) {
    // In UTF-8, and each of its letters in one byte: what is no UTF-8 has no text.
    expect(unpack(pack(text))).toBe(text);
    const bytes = Buffer.from(text, 'latin1');
    expect(unpack(Buffer.concat([Buffer.of(0xa0 + bytes.length), bytes]))).toBe(bytes.toString());
  }
});

test('bytes are views, and there is room for what goes before', () => {
  const packed = pack([Buffer.from('abc')], 5);
  expect(packed).toHaveLength(5 + 1 + 2 + 3);
  const [bytes] = unpack(packed.subarray(5)) as [Buffer];
  packed[packed.length - 1] = 'x'.charCodeAt(0);
  expect(bytes.toString()).toBe('abx');
});

test('whatever else the codec would unpack is an error, wherever it stands', () => {
  const others = [
    // Maps: {}, {a: 1}, and two that say how long they are.
    [0x80],
    [0x81, 0xa1, 0x61, 1],
    [0xde, 0, 0],
    [0xdf, 0, 0, 0, 0],
    // A record, undefined, a date, an error, an expression, a set, a large number.
    [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1],
    [0xd4, 0, 0],
    [0xd6, 0xff, 0, 0, 0, 0],
    [0xd4, 0x65, 0, 0x92, 0xa5, 0x45, 0x72, 0x72, 0x6f, 0x72, 0xa0],
    [0xd4, 0x78, 0, 0x92, 0xa1, 0x61, 0xa0],
    [0xd4, 0x73, 0, 0x91, 1],
    [0xc7, 9, 0x42, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    // A bundle of texts, and one in it.
    [0xd6, 0x62, 0, 0, 0, 4, 0xc1, 1, 0xa1, 0x61, 0xa0],
    // A single float, which nobody packs, and a byte that nobody may use.
    [0xca, 0, 0, 0, 0],
    [0xc1],
  ].map((bytes) => Buffer.from(bytes));
  for (const other of others) {
    for (const around of [Buffer.of(), Buffer.of(0x91), Buffer.of(0x92, 1)]) {
      const bytes = Buffer.concat([around, other]);
      expect(() => unpack(bytes)).toThrow(/^0x[0-9a-f]{2} packs nothing that may travel$/);
    }
  }
  for (let type = 0; type < 256; type++) {
    for (const tag of [0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
      const bytes = Buffer.of(tag, type, type, 0, 0, 0, 0, 0);
      expect(() => unpack(bytes)).toThrow(`0x${tag.toString(16)} packs nothing that may travel`);
    }
  }
});

test('what is cut off, or goes on, is an error', () => {
  fc.assert(
    fc.property(value, fc.nat(), (sent, at) => {
      const packed = pack(sent);
      const cut = packed.subarray(0, at % packed.length);
      expect(() => unpack(cut)).toThrow('the end of what was packed is missing');
      expect(() => unpack(Buffer.concat([packed, Buffer.of(0)]))).toThrow('more follows');
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('any bytes are something or an error of their own, never one of the engine', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        unpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
    { seed: 3, numRuns: 1_000 },
  );
});

describe('lengths that lie', () => {
  const cutOff = 'the end of what was packed is missing';

  test('of lists, texts and bytes', () => {
    for (const tag of [0xdd, 0xdb, 0xc6]) {
      expect(() => unpack(Buffer.of(tag, 0xff, 0xff, 0xff, 0xff, 1, 2))).toThrow(cutOff);
    }
  });

  test('of lists in one another: no memory is taken for what cannot come', () => {
    const bytes = Buffer.concat(Array.from({ length: 12 }, () => Buffer.of(0xdd, 0, 0x40, 0, 0)));
    const before = process.memoryUsage().heapUsed;
    expect(() => unpack(bytes)).toThrow(cutOff);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('lists in one another without end, and a list of a million lists', () => {
    expect(() => unpack(Buffer.alloc(1024 * 1024, 0x91))).toThrow('more than 16 lists');
    const many = Buffer.alloc(1024 * 1024, 0x90);
    many[0] = 0xdd;
    many.writeUInt32BE(many.length - 5, 1);
    expect(unpack(many)).toHaveLength(many.length - 5);
  });
});

describe('elements of lists', () => {
  /** A list of that many empty ones. */
  const empties = (count: number): Buffer => {
    const bytes = Buffer.alloc(5 + count, 0x90);
    bytes[0] = 0xdd;
    bytes.writeUInt32BE(count, 1);
    return bytes;
  };

  test('so many as are allowed, and not one more, in however many lists', () => {
    expect(new Unpacking(empties(1_000), 1_000).next()).toHaveLength(1_000);
    expect(() => new Unpacking(empties(1_001), 1_000).next()).toThrow(
      'more than 1000 elements in lists',
    );
    const lists = [[], [1, [2, 3]], [], [4]]; // Nine, and the list of them.
    expect(new Unpacking(pack(lists), 9).next()).toEqual(lists);
    expect(() => new Unpacking(pack(lists), 8).next()).toThrow('more than 8 elements');
  });

  test('one after the other: what comes later is not looked at before', () => {
    const unpacking = new Unpacking(Buffer.concat([pack(['a', 1]), Buffer.of(0xc1)]), 2);
    expect(unpacking.list()).toBe(2);
    expect([unpacking.scalar(), unpacking.next()]).toEqual(['a', 1]);
    expect(() => unpacking.end()).toThrow('more follows');
    expect(() => unpacking.next()).toThrow('0xc1 packs nothing');
  });

  test('lists of every length are begun, and nothing else is taken for one', () => {
    for (const length of [0, 15, 16, 65_535, 65_536]) {
      const packed = pack(new Array<number>(length).fill(0));
      expect(new Unpacking(packed).list()).toBe(length);
      expect(() => new Unpacking(packed).scalar()).toThrow('a list stands where there is none');
    }
    for (const other of [null, 1, -1, 'text', Buffer.of(1)]) {
      expect(() => new Unpacking(pack(other)).list()).toThrow('an array is missing');
      expect(new Unpacking(pack(other)).scalar()).toEqual(other);
    }
    expect(() => new Unpacking(Buffer.of()).list()).toThrow('an array is missing');
    expect(() => new Unpacking(Buffer.of()).scalar()).toThrow('the end of what was packed');
    expect(() => new Unpacking(Buffer.of(0xdd, 0, 0)).list()).toThrow('the end of what was packed');
  });
});
