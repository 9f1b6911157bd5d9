import { Retransmission } from '../../../node/src/paxos/timing.ts';

/** After how many ticks each of the next `count` sendings comes. */
function intervals(retransmission: Retransmission, random: number, count: number): number[] {
  const waits: number[] = [];
  for (let ticks = 1; waits.length < count; ticks++) {
    expect(ticks).toBeLessThan(1000);
    if (!retransmission.tick(random)) continue;
    waits.push(ticks);
    ticks = 0;
  }
  return waits;
}

describe('retransmission', () => {
  test('comes after growing intervals, up to the longest', () => {
    expect(intervals(new Retransmission(4, 20), 0.5, 5)).toEqual([4, 8, 16, 20, 20]);
  });

  test('is jittered by a quarter either way', () => {
    expect(intervals(new Retransmission(4, 16), 0, 3)).toEqual([4, 6, 12]);
    expect(intervals(new Retransmission(4, 16), 0.999, 3)).toEqual([4, 10, 20]);
  });

  test('starts over after progress', () => {
    const retransmission = new Retransmission(4, 20);
    expect(intervals(retransmission, 0.5, 3)).toEqual([4, 8, 16]);
    retransmission.reset();
    expect(intervals(retransmission, 0.5, 2)).toEqual([4, 8]);
  });
});
