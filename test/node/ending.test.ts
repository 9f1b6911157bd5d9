import { exitCodes } from '../../contract/src/error-codes.ts';
import { exitCodeOf, sentenceOf } from '../../node/src/ending.ts';
import { DamageError } from '../../node/src/storage/damage.ts';
import { DiskError } from '../../node/src/storage/disk-error.ts';

test.each([
  ['damage before it is a member', new DamageError('superblock.new', 'its name', 'odd'), 65],
  ['a disk that fails', new DiskError('/data/state.mdb', 'written', new Error('EIO')), 74],
  ['anything else', new Error('odd'), exitCodes.failed],
])('how a node ends by %s', (_, error, code) => {
  expect(exitCodeOf(error)).toBe(code);
  expect(sentenceOf(error)).toContain(error.message);
});
