import fs from 'node:fs';
import path from 'node:path';
import { encodeFrame, parseFrame } from '../../../node/src/transport/codec.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import { append, memoryPlace, open, SEGMENT_BYTES } from '../storage/log-places.ts';
import { later, messages, records2 } from './samples.ts';

/* What was written by an earlier version is read by this one. The files here never change. */

const FOLDER = 'test/node/formats';
const read = (name: string): Record<string, string> =>
  JSON.parse(fs.readFileSync(path.join(FOLDER, name), 'utf8')) as Record<string, string>;
const wire = { ...read('wire-1.json'), ...read('wire-1-later.json') };

describe('wire version 1', () => {
  test.each(Object.entries({ ...messages, ...later }))(
    'a %s is read, and written as it was',
    (name, message) => {
      const frame = { cluster: 'local/fixture', from: 'a', to: 'b', messages: [message] };
      const bytes = Buffer.from(wire[name] ?? '', 'hex');
      expect(parseFrame(bytes)).toEqual(frame);
      expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(wire[name]);
    },
  );

  test('a version that is not known is refused by its number', () => {
    const bytes = Buffer.from(wire['p1a'] ?? '', 'hex');
    bytes[1] = 2;
    expect(parseFrame(bytes)).toEqual({ malformed: 'version 2' });
  });
});

function segmentOf(name: string): Buffer {
  const segment = Buffer.alloc(SEGMENT_BYTES);
  fs.readFileSync(path.join(FOLDER, name)).copy(segment);
  return segment;
}

test('log format 2: a segment is written as it was', async () => {
  const place = memoryPlace();
  const { log } = open(place, { clusterId: 'local/fixture' });
  for (const record of records2) await append(log, [record]);
  expect(place.bytes('00000001.log').equals(segmentOf('segment-2.log'))).toBe(true);
});

test.each([
  ['1', 'segment-1.log', 0],
  ['2', 'segment-2.log', 1],
])('log format %s: a segment is read', (_, name, floor) => {
  const place = memoryPlace();
  place.replace('00000001.log', segmentOf(name));
  const { recovered } = open(place, { clusterId: 'local/fixture' });
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
