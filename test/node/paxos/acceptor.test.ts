import fc from 'fast-check';
import { Acceptor } from '../../../node/src/paxos/acceptor.ts';
import { compareBallots, type Ballot } from '../../../node/src/paxos/ballot.ts';
import type { Effect, Recovered } from '../../../node/src/paxos/effects.ts';
import type { P1b } from '../../../node/src/paxos/messages.ts';
import { MOST_PVALUES } from '../../../node/src/paxos/page.ts';
import { sentBytes, valueBytes, type Pvalue, type Slot } from '../../../node/src/paxos/pvalue.ts';
import { ballot, nothing, persisted, pvalue, sent, value } from './samples.ts';

const PAGE_BYTES = 10;

function acceptor(recovered: Partial<Recovered> = {}): Acceptor {
  return new Acceptor({ ...nothing, ...recovered }, PAGE_BYTES);
}

function p1a(to: Acceptor, text: string, from: Slot = 0): Effect[] {
  return to.handle('b', { type: 'p1a', ballot: ballot(text), from });
}

function p2a(to: Acceptor, { ballot, slot, value }: Pvalue): Effect[] {
  return to.handle('b', { type: 'p2a', ballot, slot, value, decided: [] });
}

/** What the acceptor tells a new scout. */
function reported(by: Acceptor): readonly Pvalue[] {
  return page(by, '99.z', 0).pvalues;
}

function page(by: Acceptor, text: string, from: Slot): P1b {
  return sent(p1a(by, text, from), 'p1b')[0]!.message;
}

describe('p1a', () => {
  test('A1: a higher ballot is adopted, persisted, and then answered', () => {
    const a = acceptor();
    expect(p1a(a, '1.b')).toEqual([
      { type: 'persist', record: { type: 'ballot', ballot: ballot('1.b') } },
      {
        type: 'send',
        to: ['b'],
        message: { type: 'p1b', ballot: ballot('1.b'), from: 0, forgotten: 0, pvalues: [] },
      },
    ]);
    expect(a.ballot).toEqual(ballot('1.b'));
  });

  test('A1: a lower ballot is answered with the own one, and changes nothing', () => {
    const a = acceptor({ ballot: ballot('2.c') });
    const effects = p1a(a, '2.b');
    expect(persisted(effects)).toEqual([]);
    expect(sent(effects, 'p1b')[0]?.message.ballot).toEqual(ballot('2.c'));
    expect(a.ballot).toEqual(ballot('2.c'));
  });

  test('C2: a refusal has what was accepted: it may reach the next scout of the same leader', () => {
    const a = acceptor();
    p2a(a, pvalue('2.b', 0, 'x'));
    expect(page(a, '1.b', 0)).toMatchObject({
      ballot: ballot('2.b'),
      pvalues: [pvalue('2.b', 0, 'x')],
    });
  });

  test('A1: the same ballot again is answered again, and not persisted', () => {
    const a = acceptor();
    p1a(a, '1.b');
    const effects = p1a(a, '1.b');
    expect(persisted(effects)).toEqual([]);
    expect(sent(effects, 'p1b')).toHaveLength(1);
  });

  test('A1: the ballot never decreases, whatever comes', () => {
    const someBallot = fc.record({
      round: fc.integer({ min: 1, max: 5 }),
      leader: fc.constantFrom('a', 'b', 'c'),
    });
    const inputs = fc.array(
      fc.tuple(fc.constantFrom('p1a', 'p2a'), someBallot, fc.integer({ min: 0, max: 3 })),
    );
    fc.assert(
      fc.property(inputs, (steps) => {
        const a = acceptor();
        let before: Ballot | undefined;
        for (const [type, at, slot] of steps) {
          const text = `${at.round}.${at.leader}`;
          const effects = type === 'p1a' ? p1a(a, text) : p2a(a, pvalue(text, slot, text));
          expect(compareBallots(a.ballot, before)).toBeGreaterThanOrEqual(0);
          // Adopted if higher, and what is adopted is on its way to the disk.
          expect(compareBallots(a.ballot, at)).toBeGreaterThanOrEqual(0);
          if (compareBallots(a.ballot, before) > 0) expect(persisted(effects)).toHaveLength(1);
          before = a.ballot;
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('a report that exceeds a page goes on where the page ended', () => {
    const a = acceptor();
    for (const slot of [0, 1, 2, 4]) p2a(a, pvalue('1.b', slot, 'seven77'));
    const pages = [];
    for (let from: Slot | undefined = 0; from !== undefined;) {
      const { next, pvalues }: P1b = page(a, '2.b', from);
      pages.push(pvalues.map(({ slot }) => slot));
      from = next;
    }
    expect(pages).toEqual([[0], [1], [2], [4]]); // 7 bytes each, 10 a page
  });

  test('a page holds no more than a message has room for, of no-ops neither', () => {
    const a = acceptor();
    a.room = 3 * sentBytes(value());
    for (let slot = 0; slot < 7; slot++) p2a(a, pvalue('1.b', slot));
    expect(page(a, '2.b', 0)).toMatchObject({ next: 3, pvalues: { length: 3 } });
    expect(page(a, '2.b', 6).next).toBeUndefined();
  });

  test('a page of p1b has so many no-ops at most, and the next page the others', () => {
    const a = acceptor();
    for (let slot = 0; slot < MOST_PVALUES + 3; slot++) p2a(a, pvalue('1.b', slot));
    const first = { next: MOST_PVALUES, pvalues: { length: MOST_PVALUES } };
    expect(page(a, '2.b', 0)).toMatchObject(first);
    expect(page(a, '2.b', MOST_PVALUES)).toMatchObject({ pvalues: { length: 3 } });
    expect(page(a, '2.b', MOST_PVALUES).next).toBeUndefined();
  });

  test('pages cover the whole report without gap or overlap, one pvalue at least in each', () => {
    const sizes = fc.array(fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined }));
    fc.assert(
      fc.property(sizes, fc.nat(3), (lengths, start) => {
        const a = acceptor();
        const all: Slot[] = [];
        for (const [slot, length] of lengths.entries()) {
          if (length === undefined) continue;
          p2a(a, pvalue('1.b', slot, 'x'.repeat(length)));
          if (slot >= start) all.push(slot);
        }
        const seen: Slot[] = [];
        let from: Slot | undefined = start;
        while (from !== undefined) {
          const message: P1b = page(a, '2.b', from);
          expect(message.from).toBe(from);
          const bytes = message.pvalues.reduce((sum, { value }) => sum + valueBytes(value), 0);
          if (message.pvalues.length !== 1) expect(bytes).toBeLessThanOrEqual(PAGE_BYTES);
          if (message.next !== undefined) expect(message.pvalues.length).toBeGreaterThan(0);
          seen.push(...message.pvalues.map(({ slot }) => slot));
          from = message.next;
        }
        expect(seen).toEqual(all);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('a report begins at the slot that was asked for, and says what is forgotten', () => {
    const a = acceptor({ slotOut: 2 });
    for (const slot of [2, 3, 4]) p2a(a, pvalue('1.b', slot, 'x'));
    const fromThree = page(a, '2.b', 3);
    expect(fromThree).toMatchObject({ from: 3, forgotten: 2 });
    expect(fromThree.pvalues.map(({ slot }) => slot)).toEqual([3, 4]);
    const fromZero = page(a, '2.b', 0);
    expect(fromZero).toMatchObject({ from: 0, forgotten: 2 });
    expect(fromZero.pvalues.map(({ slot }) => slot)).toEqual([2, 3, 4]);
  });
});

describe('p2a', () => {
  test('A2: at the adopted ballot it is accepted, persisted, and then answered', () => {
    const a = acceptor({ ballot: ballot('1.b') });
    expect(p2a(a, pvalue('1.b', 3, 'x'))).toEqual([
      { type: 'persist', record: { type: 'accepted', ...pvalue('1.b', 3, 'x') } },
      { type: 'send', to: ['b'], message: { type: 'p2b', ballot: ballot('1.b'), slot: 3 } },
    ]);
    expect(reported(a)).toEqual([pvalue('1.b', 3, 'x')]);
  });

  test('A2: a lower ballot is refused, with the own ballot', () => {
    const a = acceptor({ ballot: ballot('2.c') });
    expect(p2a(a, pvalue('2.b', 0, 'x'))).toEqual([
      { type: 'send', to: ['b'], message: { type: 'p2b', ballot: ballot('2.c'), slot: 0 } },
    ]);
    expect(reported(a)).toEqual([]);
  });

  test("A5: a stale p2a of the present ballot's leader gets no answer: it would be a vote", () => {
    const a = acceptor({ ballot: ballot('2.b') });
    expect(p2a(a, pvalue('1.b', 0, 'x'))).toEqual([]);
    expect(reported(a)).toEqual([]);
  });

  test('A2: a higher ballot is adopted and accepted in one record', () => {
    const a = acceptor({ ballot: ballot('1.b') });
    const effects = p2a(a, pvalue('2.c', 0, 'x'));
    expect(persisted(effects)).toEqual([{ type: 'accepted', ...pvalue('2.c', 0, 'x') }]);
    expect(sent(effects, 'p2b')[0]?.message.ballot).toEqual(ballot('2.c'));
    expect(a.ballot).toEqual(ballot('2.c'));
    // And what comes at the ballot before is refused from then on.
    expect(persisted(p2a(a, pvalue('1.b', 1, 'y')))).toEqual([]);
  });

  test('A3: what was accepted is kept, for a higher ballot replaced, until it is forgotten', () => {
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    p2a(a, pvalue('1.b', 1, 'y'));
    p2a(a, pvalue('3.b', 1, 'z'));
    p2a(a, pvalue('2.b', 0, 'lower'));
    expect(reported(a)).toEqual([pvalue('1.b', 0, 'x'), pvalue('3.b', 1, 'z')]);
    a.forget(1);
    expect(reported(a)).toEqual([pvalue('3.b', 1, 'z')]);
    a.forget(0);
    expect(reported(a)).toEqual([pvalue('3.b', 1, 'z')]);
  });

  test('A3: what was accepted is found again after a restart', () => {
    const stored = [{ learned: false, ...pvalue('2.b', 5, 'x') }];
    const a = acceptor({ ballot: ballot('2.b'), stored });
    expect(reported(a)).toEqual([pvalue('2.b', 5, 'x')]);
  });

  test('A4: a second value for the same ballot and slot is ignored', () => {
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    expect(p2a(a, pvalue('1.b', 0, 'y'))).toEqual([]);
    expect(reported(a)).toEqual([pvalue('1.b', 0, 'x')]);
  });

  test('the same p2a again is answered again, and not persisted', () => {
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    const effects = p2a(a, pvalue('1.b', 0, 'x'));
    expect(persisted(effects)).toEqual([]);
    expect(sent(effects, 'p2b')).toHaveLength(1);
  });

  test('for a slot that was forgotten it is answered so', () => {
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    a.forget(3);
    expect(p2a(a, pvalue('2.b', 2, 'y'))).toEqual([
      { type: 'send', to: ['b'], message: { type: 'forgotten', below: 3 } },
    ]);
    expect(a.ballot).toEqual(ballot('1.b'));
    expect(persisted(p2a(a, pvalue('2.b', 3, 'y')))).toHaveLength(1);
  });
});

describe('what was decided elsewhere', () => {
  test('is served only by a pvalue of the ballot of the decision, or higher', () => {
    const a = acceptor();
    p2a(a, pvalue('2.b', 0, 'x'));
    expect(a.valueAt(0, ballot('1.c'))).toEqual(value('x'));
    expect(a.valueAt(0, ballot('2.b'))).toEqual(value('x'));
    expect(a.valueAt(0, ballot('2.c'))).toBeUndefined();
    expect(a.valueAt(1, ballot('1.c'))).toBeUndefined();
  });

  test('is stored when it is not what was accepted', () => {
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    const decided = pvalue('2.c', 0, 'y');
    expect(persisted(a.learn(decided))).toEqual([{ type: 'learned', ...decided }]);
    expect(a.valueAt(0, ballot('2.c'))).toEqual(value('y'));
    expect(a.learn(decided)).toEqual([]);
  });

  test('is not stored again when it is what was accepted, or was forgotten', () => {
    const a = acceptor();
    p2a(a, pvalue('2.b', 1, 'x'));
    expect(a.learn(pvalue('2.b', 1, 'x'))).toEqual([]);
    a.forget(1);
    expect(a.learn(pvalue('9.b', 0, 'old'))).toEqual([]);
  });

  test('R1: a p2a for a slot that was learned is answered with the decision', () => {
    const a = acceptor();
    const decided = pvalue('2.c', 0, 'y');
    a.learn(decided);
    expect(p2a(a, pvalue('9.b', 0, 'other'))).toEqual([
      { type: 'send', to: ['b'], message: { type: 'decision', ...decided } },
    ]);
  });

  // Whoever learned may have been of the quorum that decided: its vote must not be lost. The
  // ballot it learned at may be higher than the decision's: the teacher accepted the value again.
  test('A3: a learned value is reported in the place of the accepted one', () => {
    const learned = pvalue('3.c', 0, 'x');
    const a = acceptor();
    p2a(a, pvalue('1.b', 0, 'x'));
    a.learn(learned);
    a.learn(pvalue('3.c', 1, 'y'));
    expect(reported(a)).toEqual([learned, pvalue('3.c', 1, 'y')]);
    // The log keeps the last record of a slot.
    const restarted = acceptor({ ballot: ballot('1.b'), stored: [{ learned: true, ...learned }] });
    expect(reported(restarted)).toEqual([learned]);
  });
});
