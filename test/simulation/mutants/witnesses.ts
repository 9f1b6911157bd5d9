import fs from 'node:fs';

const FILE = 'test/simulation/mutants/witnesses.json';

/** Where the simulator noticed a mutant: at a seed, or at a promise of stable leadership. */
export type Witness = number | string;

/** By the names of mutants. */
export type Witnesses = Readonly<Record<string, Witness>>;

export function readWitnesses(): Witnesses {
  return JSON.parse(fs.readFileSync(FILE, 'utf8')) as Witnesses;
}

/** Sorted by name, so that a change of one is a change of one line. */
export function keepWitnesses(witnesses: Witnesses): void {
  const sorted = Object.entries(witnesses).sort(([a], [b]) => (a < b ? -1 : 1));
  fs.writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}
