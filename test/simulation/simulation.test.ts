import { planOf } from './plan.ts';
import { simulate } from './simulation.ts';

const FROM = Number(process.env['SYNOD_SEED'] ?? '1');
const RUNS = Number(process.env['SYNOD_RUNS'] ?? '4');

// A campaign has more: see campaign.test.ts.
test(`R1–R3, A4, A5, C2, linearizable, live: ${RUNS} runs from seed ${FROM} on`, () => {
  let answered = 0;
  let elections = 0;
  for (let seed = FROM; seed < FROM + RUNS; seed++) {
    const report = simulate(planOf(seed));
    expect({ seed, failure: report.failure }).toEqual({ seed, failure: undefined });
    answered += report.answered;
    elections += report.elections;
  }
  // Runs in which too little happened would prove nothing.
  expect(answered).toBeGreaterThan(200 * RUNS);
  expect(elections).toBeGreaterThan(2 * RUNS);
}, 120_000);

test('the same seed gives the same run', () => {
  const [one, other] = [simulate(planOf(7)), simulate(planOf(7))];
  expect(one).toEqual(other);
});
