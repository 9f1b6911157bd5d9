import type { WitnessReport } from '../../../contract/src/witness.ts';
import { Figures } from '../../../operator/src/members/figures.ts';

/** What member `m` says in a run. */
function says(count: number, sequence: number, more: object = {}): WitnessReport {
  return {
    member: 'm',
    incarnation: { count, random: count * 10 },
    sequence,
    asks: false,
    ...more,
  };
}

function heard(...reports: readonly WitnessReport[]): Figures {
  const figures = new Figures();
  for (const report of reports) figures.heard(report);
  return figures;
}

test('of whom nothing was heard, nothing is remembered', () => {
  const asks = says(3, 50, { asks: true });
  expect(new Figures().evidenceFor(asks)).toEqual({ of: asks.incarnation, sequence: 0 });
  expect(heard(asks).evidenceFor(asks)).toEqual({ of: asks.incarnation, sequence: 0 });
});

test('the highest counts: of this run, and of those before it', () => {
  const figures = heard(says(3, 50), says(3, 70), says(3, 60));
  expect(figures.all).toEqual([
    { member: 'm', incarnation: 3, random: 30, sequence: 70, before: 0 },
  ]);
  expect(figures.heard(says(3, 65))).toBe(false);
  expect(figures.heard(says(4, 40))).toBe(true);
  expect(figures.all).toEqual([
    { member: 'm', incarnation: 4, random: 40, sequence: 40, before: 70 },
  ]);
  expect(figures.evidenceFor(says(4, 40, { asks: true }))).toMatchObject({ sequence: 70 });
});

test('one that is behind its own word is told, also when it does not ask', () => {
  const figures = heard(says(3, 70), says(4, 40));
  const { incarnation: of } = says(4, 0);
  expect(figures.evidenceFor(says(4, 40))).toEqual({ of, sequence: 70 });
  expect(figures.evidenceFor(says(4, 70))).toBeUndefined();
});

test('an older run, and a second one of one number, are told of the other', () => {
  const figures = heard(says(4, 40));
  const latest = { count: 4, random: 40 };
  const old = says(3, 30);
  const twin = says(4, 90, { incarnation: { count: 4, random: 99 } });
  for (const report of [old, twin]) {
    expect(figures.heard(report)).toBe(false);
    const evidence = { of: report.incarnation, latest, sequence: 40 };
    expect(figures.evidenceFor(report)).toEqual(evidence);
  }
});

test('what was written down counts with what is heard, whichever is newer', () => {
  const written = heard(says(3, 70), says(4, 72)).all;
  const figures = heard(says(5, 30));
  figures.restore(written);
  expect(figures.all).toMatchObject([{ incarnation: 5, sequence: 30, before: 72 }]);
  const same = heard(says(4, 60));
  same.restore(written);
  expect(same.all).toMatchObject([{ incarnation: 4, sequence: 72, before: 70 }]);
  const older = heard(says(2, 99));
  older.restore(written);
  expect(older.all).toMatchObject([{ incarnation: 4, sequence: 72, before: 99 }]);
});

test('so many are remembered; the one that was silent for the longest time is forgotten', () => {
  const figures = new Figures();
  const say = (index: number): void => void figures.heard(says(1, 5, { member: `m${index}` }));
  for (let index = 0; index < 32; index += 1) say(index);
  say(0);
  say(32);
  const members = figures.all.map(({ member }) => member);
  expect(members).toHaveLength(32);
  expect(members).toContain('m0');
  expect(members).not.toContain('m1');
});
