import fs from 'node:fs';
import path from 'node:path';
import { encodeFrame, parseFrame } from '../../../node/src/transport/codec.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import { append, memoryPlace, open, SEGMENT_BYTES } from '../storage/log-places.ts';
import { messages, records } from './samples.ts';

/* What was written by an earlier version is read by this one. The files here never change. */

const FOLDER = 'test/node/formats';
const wire = JSON.parse(fs.readFileSync(path.join(FOLDER, 'wire-1.json'), 'utf8')) as Record<
  string,
  string
>;

describe('wire version 1', () => {
  test.each(Object.values(messages))('a $type is read, and written as it was', (message) => {
    const frame = { cluster: 'local/fixture', from: 'a', to: 'b', messages: [message] };
    const bytes = Buffer.from(wire[message.type] ?? '', 'hex');
    expect(parseFrame(bytes)).toEqual(frame);
    expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(wire[message.type]);
  });

  test('a version that is not known is refused by its number', () => {
    const bytes = Buffer.from(wire['p1a'] ?? '', 'hex');
    bytes[1] = 2;
    expect(parseFrame(bytes)).toEqual({ malformed: 'version 2' });
  });
});

test('log format 1: a segment is read, and written as it was', async () => {
  const segment = Buffer.alloc(SEGMENT_BYTES);
  fs.readFileSync(path.join(FOLDER, 'segment-1.log')).copy(segment);
  const place = memoryPlace();
  const { log } = open(place, { clusterId: 'local/fixture' });
  for (const record of records) await append(log, [record]);
  expect(place.bytes('00000001.log').equals(segment)).toBe(true);

  place.replace('00000001.log', segment);
  const { recovered } = open(place, { clusterId: 'local/fixture' });
  expect(recovered).toMatchObject({
    ballot: ballot('3.c'),
    leaderBallot: ballot('2.b'),
    decidedMark: 1,
  });
  const stored = recovered.stored.map((each) => ({
    ...each,
    value: each.value.map((command) => Buffer.from(command).toString()),
  }));
  expect(stored).toEqual([
    { ...pvalue('3.c', 0), value: ['new', 'er'], learned: false },
    { ...pvalue('2.b', 1), value: ['learned'], learned: true },
  ]);
});
