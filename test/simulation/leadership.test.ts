import { promises } from './leadership.ts';

test.each(Object.entries(promises))(
  '%s',
  (_name, keep) => {
    expect(keep).not.toThrow();
  },
  120_000,
);
