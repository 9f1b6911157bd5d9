import fs from 'node:fs';
import path from 'node:path';
import { mutants } from './mutants/mutants.ts';
import { testedMutants } from './mutants/tested-mutants.ts';
import { readWitnesses } from './mutants/witnesses.ts';

/* A mutant whose place has moved says nothing, which only the long run of them would notice. */

test.each([...mutants, ...testedMutants].map((mutant) => [mutant.name, mutant] as const))(
  'its place stands once in the sources, and something else comes there: %s',
  (_, { file, from, to }) => {
    const source = fs.readFileSync(path.join('node/src', file), 'utf8');
    expect({ file, from, times: source.split(from).length - 1 }).toEqual({ file, from, times: 1 });
    expect(to).not.toBe(from);
  },
);

test.each([...new Set(testedMutants.map((mutant) => mutant.in))])(
  'its test is there: %s',
  (file) => {
    expect(fs.existsSync(file)).toBe(true);
  },
);

test('each seed that is kept is that of a mutant', () => {
  const names = mutants.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(readWitnesses())));
});
