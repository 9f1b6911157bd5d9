import { Random } from '../../simulation/random.ts';
import { MemoryCluster } from './memory-cluster.ts';

const SEEDS = 60;
const ROUNDS = 12;

/** Appends, power cuts of one or of all, restarts; then peace. @returns what was acknowledged */
function history(seed: number): { cluster: MemoryCluster; acknowledged: Set<string> } {
  const random = new Random(seed + 1_000_000).next;
  const cluster = new MemoryCluster(random() < 0.8 ? 3 : 5, seed, random() * 0.15);
  const acknowledged = new Set<string>();
  let texts = 0;
  const append = (leader: string): void => {
    const text = `text ${(texts += 1)}`;
    cluster.append(leader, text, (outcome) => {
      if (outcome.ok) acknowledged.add(text);
    });
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (let burst = 0; burst < 3; burst++) {
      cluster.run(Math.floor(random() * 30));
      const { leader } = cluster;
      for (let i = 0; leader !== undefined && i < 3; i++) append(leader);
      cluster.run(Math.floor(random() * 4));
    }
    // The power fails in the middle of what was asked for last, perhaps after the disks stalled.
    if (random() < 0.5) cluster.stallDisks();
    const { leader } = cluster;
    for (let i = 0; leader !== undefined && i < 3; i++) append(leader);
    cluster.step(Math.floor(random() * 40));
    const all = random() < 0.5;
    const one = Math.floor(random() * cluster.members.length);
    const victims = all ? cluster.members : cluster.members.slice(one, one + 1);
    cluster.powerCut(victims, random() < 0.5 ? 0 : random());
    cluster.resumeDisks();
    if (!all) cluster.run(Math.floor(random() * 150));
    for (const member of victims) cluster.start(member);
  }
  cluster.run(1_000);
  return { cluster, acknowledged };
}

test('R1–R3: what was acknowledged before power cuts is in every state, once, in one order', () => {
  let total = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { cluster, acknowledged } = history(seed);
    const [first = '', ...others] = cluster.members;
    const texts = cluster.textsOf(first);
    const lost = [...acknowledged].filter((text) => !texts.includes(text));
    expect({ seed, lost }).toEqual({ seed, lost: [] });
    expect(new Set(texts).size).toBe(texts.length);
    for (const member of others) {
      expect({ seed, member, texts: cluster.textsOf(member) }).toEqual({ seed, member, texts });
      expect(cluster.stateHash(member)).toBe(cluster.stateHash(first));
    }
    total += acknowledged.size;
  }
  // A run in which nothing happened would prove nothing.
  expect(total).toBeGreaterThan(SEEDS * 20);
}, 60_000);
