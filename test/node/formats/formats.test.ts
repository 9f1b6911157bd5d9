import fs from 'node:fs';
import path from 'node:path';
import { encodeFrame, parseFrame } from '../../../node/src/transport/frame-codec.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import { append, memoryPlace, open, SEGMENT_BYTES } from '../storage/log-places.ts';
import { messages, others, records3, stamp } from './samples.ts';

/* What was written by an earlier version is read by this one. The files here never change. */

const FOLDER = 'test/node/formats';
const read = (name: string): Record<string, string> =>
  JSON.parse(fs.readFileSync(path.join(FOLDER, name), 'utf8')) as Record<string, string>;
const wire = read('wire-3.json');

describe('wire version 3', () => {
  test.each(Object.entries({ ...messages, ...others }))(
    'a %s is read, and written as it was',
    (name, message) => {
      const ends = { cluster: 'local/fixture', from: 'a', to: 'b' };
      const frame = { ...ends, messages: [message], ...stamp };
      const bytes = Buffer.from(wire[name] ?? '', 'hex');
      expect(parseFrame(bytes)).toEqual(frame);
      expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(wire[name]);
    },
  );

  test('a version that is not known is refused by its number', () => {
    const bytes = Buffer.from(wire['p1a'] ?? '', 'hex');
    bytes[0] = 4;
    expect(parseFrame(bytes)).toEqual({ malformed: 'version 4' });
  });

  test('frames of version 2, whose members know no sessions that end, are refused', () => {
    for (const hex of Object.values(read('wire-2.json'))) {
      expect(parseFrame(Buffer.from(hex, 'hex'))).toEqual({ malformed: 'version 2' });
    }
  });

  test('frames of version 1, which had no checksum, are refused', () => {
    for (const hex of Object.values(read('wire-1.json'))) {
      expect(parseFrame(Buffer.from(hex, 'hex'))).toEqual({ malformed: 'version 149' });
    }
  });
});

function segmentOf(name: string): Buffer {
  const segment = Buffer.alloc(SEGMENT_BYTES);
  fs.readFileSync(path.join(FOLDER, name)).copy(segment);
  return segment;
}

test('log format 3: a segment is written as it was', async () => {
  const place = memoryPlace();
  const { log } = open(place, { clusterId: 'local/fixture' });
  for (const record of records3) await append(log, [record]);
  expect(place.bytes('00000001.log').equals(segmentOf('segment-3.log'))).toBe(true);
});

test.each([
  ['1', 'segment-1.log', 0],
  ['2', 'segment-2.log', 1],
  ['3', 'segment-3.log', 1],
])('log format %s: a segment is read', (_, name, floor) => {
  const place = memoryPlace();
  place.replace('00000001.log', segmentOf(name));
  const { recovered } = open(place, { clusterId: 'local/fixture', isOld: true });
  expect(recovered).toMatchObject({
    ballot: ballot('3.c'),
    leaderBallot: ballot('2.b'),
    decidedMark: 1,
    floor,
  });
  const stored = recovered.stored.map((each) => ({
    ...each,
    value: each.value.map((command) => Buffer.from(command).toString()),
  }));
  const all = [
    { ...pvalue('3.c', 0), value: ['new', 'er'], learned: false },
    { ...pvalue('2.b', 1), value: ['learned'], learned: true },
  ];
  expect(stored).toEqual(all.filter(({ slot }) => slot >= floor));
});
