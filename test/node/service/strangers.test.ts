import type { Message } from '../../../node/src/paxos/messages.ts';
import { MemoryCluster } from './memory-cluster.ts';

/* Made-up senders: any id, and as many as somebody likes. */

const LONG = 200;
const NAMES = Array.from({ length: 300 }, (_, i) => `x${i}`);

let cluster: MemoryCluster;
beforeEach(() => {
  cluster = new MemoryCluster(3, 1, 0, 1 << 24);
  cluster.run(LONG);
  for (let i = 0; i < 50; i++) cluster.append(cluster.leader ?? '', `text ${i}`, () => undefined);
  cluster.run(LONG);
  expect(cluster.totalOf('n0')).toBe(50);
});

const of = <T extends Message['type']>(type: T, heard: readonly Message[]) =>
  heard.filter((message): message is Message & { type: T } => message.type === type);

test('hundreds of strangers who ask for the state are given one in a tick', () => {
  const heard = cluster.strangers(NAMES, 'n0', { type: 'fetch', at: 0 });
  cluster.step(10_000); // Whatever can happen without a tick.
  expect(of('chunk', heard)).toHaveLength(1);
});

test('hundreds of strangers who ask for the log get a page for two at a time', () => {
  let asked = 0;
  cluster.driverOf('n0').filter = (effects) => {
    asked += effects.filter(({ type }) => type === 'recall').length;
    return { effects, crash: false };
  };
  const heard = cluster.strangers(NAMES, 'n0', { type: 'learn', from: 0 });
  cluster.step(10_000);
  expect(asked).toBe(NAMES.length);
  const answered = of('learned', heard).length;
  expect(answered).toBeGreaterThan(1);
  expect(answered).toBeLessThan(NAMES.length / 10);
  // Who was not answered asks again.
  const again = cluster.strangers(['late'], 'n0', { type: 'learn', from: 0 });
  cluster.step(10_000);
  expect(of('learned', again)).toHaveLength(1);
});
