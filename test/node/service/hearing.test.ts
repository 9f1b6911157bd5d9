import { MemoryCluster } from './memory-cluster.ts';

/** The leader says of whom it has not heard for so many ticks. */
const LONG = 200;
const SOON = 120;

function led(size: number, seed: number): { cluster: MemoryCluster; leader: string } {
  const cluster = new MemoryCluster(size, seed, 0.05);
  cluster.run(LONG);
  const { leader } = cluster;
  expect(leader).toBeDefined();
  return { cluster, leader: leader ?? '' };
}

test.each([1, 2, 3])('a leader says whom it has not heard for long (seed %d)', (seed) => {
  const { cluster, leader } = led(3, seed);
  const [silent = '', other = ''] = cluster.members.filter((member) => member !== leader);
  cluster.powerCut([silent], 1);
  cluster.run(LONG / 2);
  expect(cluster.unheardBy(leader)).toEqual([]);
  cluster.run(LONG / 2);
  expect(cluster.leader).toBe(leader);
  expect(cluster.unheardBy(leader)).toEqual([silent]);
  // It never hears the silent one, nor most of the others: it has nothing to say of them.
  expect(cluster.unheardBy(other)).toEqual([]);
  cluster.start(silent);
  cluster.run(SOON);
  expect(cluster.unheardBy(cluster.leader ?? '')).toEqual([]);
});

test('an old leader that fell silent is named by the new one, after as long', () => {
  const { cluster, leader } = led(5, 4);
  cluster.powerCut([leader], 1);
  cluster.run(SOON + 1);
  const next = cluster.leader ?? '';
  expect(next).not.toBe('');
  expect(cluster.unheardBy(next)).toEqual([]);
  cluster.run(LONG);
  expect(cluster.leader).toBe(next);
  expect(cluster.unheardBy(next)).toEqual([leader]);
});

test('who hears no quorum leads no longer, and names nobody', () => {
  const { cluster, leader } = led(3, 5);
  cluster.powerCut(
    cluster.members.filter((member) => member !== leader),
    1,
  );
  cluster.run(2 * LONG);
  expect(cluster.leader).toBeUndefined();
  expect(cluster.unheardBy(leader)).toEqual([]);
});
