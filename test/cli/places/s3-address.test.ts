import {
  formatS3Address,
  isS3Address,
  parseS3Address,
} from '../../../cli/src/places/s3-address.ts';
import { placeOf } from '../../../cli/src/places/place-of.ts';

test.each([
  ['s3://backups', 'backups', '', 's3://backups'],
  ['s3://backups/', 'backups', '', 's3://backups'],
  ['s3://my.backups/a', 'my.backups', 'a', 's3://my.backups/a'],
  ['s3://backups/a/b c.snapshot', 'backups', 'a/b c.snapshot', 's3://backups/a/b c.snapshot'],
  ['s3://backups/a/b/', 'backups', 'a/b', 's3://backups/a/b'],
])('%s', (text, bucket, key, again) => {
  expect(isS3Address(text)).toBe(true);
  expect(parseS3Address(text)).toEqual({ bucket, key });
  expect(formatS3Address({ bucket, key })).toBe(again);
});

test.each([
  ['s3:/backups/a', 'is no address'],
  ['S3://backups/a', 'is no address'],
  ['s3://', 'names no bucket'],
  ['s3:///a', 'names no bucket'],
  ['s3://B/a', 'names B, which no bucket can be called'],
  ['s3://b/a', 'names b, which no bucket can be called'],
  ['s3://backups//a', 'has a part without a name'],
  ['s3://backups/a//b', 'has a part without a name'],
])('%s is refused by name', (text, why) => {
  expect(() => parseS3Address(text)).toThrow(`${text} ${why}: it wants s3://<bucket>/<key>.`);
});

test.each(['s3://backups', 's3://backups/', 's3://backups/a/'])(
  '%s is no place of one snapshot',
  async (text) => {
    const { signal } = new AbortController();
    await expect(placeOf(text, { timeoutMs: 1, signal })).rejects.toThrow('names no object');
  },
);

test('a file is no address, whatever it is called', () => {
  expect(['a.snapshot', '/s3/a', 's3:a', './s3://a'].filter(isS3Address)).toEqual([]);
});
