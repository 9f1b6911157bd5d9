import { Commander } from '../../../node/src/paxos/commander.ts';
import type { P2b } from '../../../node/src/paxos/messages.ts';
import { ballot, timing, value } from './samples.ts';

const own = ballot('2.a');
const p2b = (text: string): P2b => ({ type: 'p2b', ballot: ballot(text), slot: 3 });

function commander(): Commander {
  return new Commander(own, 3, value('x'), ['a', 'b', 'c'], timing);
}

test('a quorum of p2bs at its ballot is a decision', () => {
  const asking = commander();
  expect(asking.p2b('a', p2b('2.a'))).toBeUndefined();
  expect(asking.p2b('c', p2b('2.a'))).toEqual({ type: 'decided' });
});

test('R1: an answer that comes twice, or of a stranger, does not count', () => {
  const asking = commander();
  asking.p2b('a', p2b('2.a'));
  expect(asking.p2b('a', p2b('2.a'))).toBeUndefined();
  expect(asking.p2b('stranger', p2b('2.a'))).toBeUndefined();
});

test('a higher ballot preempts; a lower one is stale and counts for nothing', () => {
  const asking = commander();
  asking.p2b('a', p2b('2.a'));
  expect(asking.p2b('b', p2b('1.c'))).toBeUndefined();
  expect(asking.p2b('b', p2b('2.b'))).toEqual({ type: 'preempted', ballot: ballot('2.b') });
});

test('it asks again those who have not answered, after growing intervals', () => {
  const asking = commander();
  asking.p2b('a', p2b('2.a'));
  const times: number[] = [];
  for (let tick = 1; tick <= 40; tick++) {
    const to = asking.tick(0.5);
    if (to.length === 0) continue;
    expect(to).toEqual(['b', 'c']);
    times.push(tick);
  }
  expect(times[0]).toBe(timing.retransmit);
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  expect(gaps).toEqual([...gaps].sort((x, y) => x - y));
  expect(Math.max(...gaps)).toBe(timing.retransmitLongest);
});

describe('the slot that all others wait for', () => {
  /** At which ticks it asks again; it is that slot from one of them on. */
  function asked(urgentFrom: number, ticks: number): number[] {
    const asking = commander();
    const times: number[] = [];
    for (let tick = 1; tick <= ticks; tick++) {
      if (asking.tick(0.5, tick >= urgentFrom).length > 0) times.push(tick);
    }
    return times;
  }

  test('is asked for again before a leader would be given up, however often it is lost', () => {
    const times = asked(1, 40);
    expect(times[0]).toBe(timing.retransmit);
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(new Set(gaps)).toEqual(new Set([timing.election]));
  });

  test('is asked for soon after it became that, and never later than it would have been', () => {
    // Asked for at 3, 9 and 21, and then every 12 ticks.
    expect(asked(23, 30)).toEqual([3, 9, 21, 25]);
    expect(asked(32, 40)).toEqual([3, 9, 21, 33, 39]);
  });
});
