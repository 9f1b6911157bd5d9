import fs from 'node:fs';
import { constants } from 'node:os';
import { DiskError } from '../../../node/src/storage/disk-error.ts';

const room = 'Make room on its disk';
const files = 'Raise the limit of open files';

test.each([
  ['ENOSPC', room],
  ['EDQUOT', room],
  ['EMFILE', files],
  ['ENFILE', files],
  ['EIO', 'Once the disk is well, start it again.'],
  ['EROFS', 'Once the disk is well, start it again.'],
] as const)('%s says what to do, as Node names it and as LMDB numbers it', (name, todo) => {
  const message = 'it failed';
  for (const code of [name, constants.errno[name]]) {
    const error = new DiskError('/data/x', 'written', Object.assign(new Error(message), { code }));
    expect(error.message).toContain(`/data/x could not be written: it failed. ${todo}`);
    expect(error.message).toMatch(/start it again\.$/);
  }
});

test("the system's own errors are known by their names", () => {
  expect(() => {
    try {
      fs.writeFileSync('/dev/full', 'x');
    } catch (cause) {
      throw new DiskError('/dev/full', 'written', cause);
    }
  }).toThrow(room);
});
