import type { Reach as ReachMessage } from '../../../node/src/paxos/messages.ts';
import { Reach } from '../../../node/src/service/reach.ts';

/* n0 leads; by heartbeats it hears whom it is connected with. */

const SILENT_TICKS = 200;
const SOON = 1_000;

class Routes {
  readonly names: readonly string[];
  readonly said: ReachMessage[] = [];
  readonly #members = new Map<string, Reach>();
  readonly #cut = new Set<string>();
  readonly #claims: (() => void)[] = [];

  /** @param learners so many of them, the last ones, have no vote */
  constructor(size: number, learners = 0) {
    this.names = Array.from({ length: size }, (_, i) => `n${i}`);
    for (const self of this.names) {
      const say = (to: string, message: ReachMessage): void => {
        this.said.push(message);
        if (this.#cut.has(`${self}>${to}`)) return;
        this.#members.get(to)?.heard(self);
        this.#members.get(to)?.told(self, message);
      };
      const ports = {
        ...{ self, say },
        voters: () => this.names.slice(0, size - learners),
        learners: () => this.names.slice(size - learners),
      };
      this.#members.set(self, new Reach(ports, SILENT_TICKS));
    }
  }

  cutOneWay(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  cut(a: string, b: string): void {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  /** From now on one says to another, each tick, that it has found a third one. */
  claim(from: string, to: string, member: string): void {
    this.#claims.push(() => {
      this.#members.get(to)?.told(from, { type: 'reach', step: 'found', member });
    });
  }

  /** Whom a leader would have lead in its place, each time that it would. */
  run(leader: string, ticks: number): (string | undefined)[] {
    const better: (string | undefined)[] = [];
    for (let tick = 0; tick < ticks; tick++) {
      for (const claim of this.#claims) claim();
      for (const name of this.names) {
        if (!this.#cut.has(`${name}>${leader}`)) this.#members.get(leader)?.heard(name);
      }
      const found = this.#members.get(leader)?.tick(true);
      if (found !== undefined) better.push(found);
    }
    return better;
  }
}

test('while all are heard nobody is asked', () => {
  const routes = new Routes(5);
  expect(routes.run('n0', SOON)).toEqual([]);
  expect(routes.said).toEqual([]);
});

test('who reaches all whom the leader reaches, and one more, is to lead', () => {
  const routes = new Routes(3);
  routes.cut('n0', 'n2');
  expect(routes.run('n0', SILENT_TICKS + 299)).toEqual([]);
  expect(routes.run('n0', 200)).toEqual(['n1']);
  // It is not asked again before long, and has nobody to hand over to itself.
  expect(routes.run('n0', 2_000)).toEqual([]);
  expect(routes.run('n1', 2_000)).toEqual([]);
});

test('a route that is missing in one direction is missing', () => {
  const routes = new Routes(3);
  routes.cutOneWay('n2', 'n0');
  expect(routes.run('n0', SOON)).toEqual(['n1']);
});

test('who reaches others, and not more, is not to lead', () => {
  const routes = new Routes(3);
  routes.cut('n0', 'n2');
  routes.cutOneWay('n2', 'n1');
  expect(routes.run('n0', SOON)).toEqual([]);
  const ring = new Routes(4);
  ring.cut('n0', 'n2');
  ring.cut('n1', 'n3');
  for (const leader of ring.names) expect(ring.run(leader, SOON)).toEqual([]);
});

test('who is gone for all is no reason', () => {
  const routes = new Routes(5);
  for (const name of routes.names) routes.cut('n4', name);
  expect(routes.run('n0', SOON)).toEqual([]);
  expect(routes.said.length).toBeGreaterThan(0);
});

test('of five, one who reaches everybody is found', () => {
  const routes = new Routes(5);
  routes.cut('n0', 'n2');
  routes.cut('n0', 'n4');
  routes.cut('n1', 'n4');
  expect(routes.run('n0', SOON)).toEqual(['n3']);
});

test('a learner is to be reached, and is not to lead', () => {
  const routes = new Routes(4, 1);
  routes.cut('n0', 'n3');
  routes.cut('n2', 'n3');
  expect(routes.run('n0', SOON)).toEqual(['n1']);
  const alone = new Routes(4, 1);
  alone.cut('n0', 'n2');
  alone.cut('n1', 'n2');
  expect(alone.run('n0', SOON)).toEqual([]);
});

test('whom no configuration names is no reason, however many are said to be found', () => {
  const routes = new Routes(3);
  routes.cut('n0', 'n2');
  routes.cutOneWay('n2', 'n1');
  routes.claim('n1', 'n0', 'x');
  expect(routes.run('n0', SOON)).toEqual([]);
  routes.claim('n1', 'n0', 'n2');
  expect(routes.run('n0', SOON)).toEqual(['n1']);
});
