import { ballot } from '../paxos/samples.ts';
import type { Ballot } from '../../../node/src/paxos/ballot.ts';
import type { SessionLife } from '../../../node/src/machine/session.ts';
import { Expiries } from '../../../node/src/service/expiries.ts';

const TICK_MS = 100;
const TICKS = 1_000 / TICK_MS;
const MINE = ballot('3.a');

/** A leader with these sessions, at slot 20; what it proposes is in `proposed`. */
function leader(lives: Record<string, SessionLife | undefined>) {
  const proposed: unknown[] = [];
  const world = { slotOut: 20, lives, proposed };
  const ports = {
    slotOut: () => world.slotOut,
    behind: (client: string | undefined, limit: number) =>
      Object.entries(world.lives)
        .filter(([id]) => client === undefined || id > client)
        .slice(0, limit),
    expire: (sessions: unknown) => proposed.push(sessions),
  };
  const expiries = new Expiries(ports, TICK_MS, 10_000);
  const pass = (ms: number, at: Ballot | 'not leading' = MINE): void => {
    for (let i = 0; i < ms / TICK_MS; i++) expiries.tick(at === 'not leading' ? undefined : at);
  };
  return { ...world, world, expiries, pass };
}

const life = (touched: number, ttlMs = 3_000): SessionLife => ({ opened: 1, touched, ttlMs });

test('what was silent for its time, as this leader has counted it, is proposed to end', () => {
  const { pass, proposed } = leader({ a: life(7), b: life(19, 9_000), c: undefined });
  pass(3_000);
  expect(proposed).toEqual([]);
  pass(TICK_MS);
  expect(proposed).toEqual([[{ client: 'a', touched: 7 }]]);
});

test('what had a command since does not end', () => {
  const { pass, proposed, world } = leader({ a: life(7) });
  pass(2_000);
  world.lives = { a: life(20) }; // In a slot that was not applied when the count began.
  world.slotOut = 21;
  pass(2_900);
  expect(proposed).toEqual([]);
  pass(1_000);
  expect(proposed).toEqual([[{ client: 'a', touched: 20 }]]);
});

test('nothing is proposed twice before the first is applied', () => {
  const { pass, proposed, expiries } = leader({ a: life(7) });
  pass(8_000);
  expect(proposed).toHaveLength(1);
  expiries.applied();
  pass(2_000);
  expect(proposed).toHaveLength(2); // It is there yet: what was proposed was void, or lost.
});

test('another leadership counts anew, and so does one at another ballot', () => {
  const { pass, proposed } = leader({ a: life(7) });
  pass(2_900);
  pass(TICK_MS, 'not leading');
  pass(2_900);
  expect(proposed).toEqual([]);
  pass(2_900, ballot('4.a'));
  expect(proposed).toEqual([]);
  pass(TICKS * TICK_MS, ballot('4.a'));
  expect(proposed).toHaveLength(1);
});

test('many are looked at in their turn', () => {
  const many = Array.from({ length: 600 }, (_, i) => [`c${1000 + i}`, life(7)] as const);
  const { pass, proposed, expiries, world } = leader(Object.fromEntries(many));
  pass(3_000);
  const ended = new Set<string>();
  for (let i = 0; i < 20; i++) {
    pass(TICK_MS);
    for (const { client } of (proposed.splice(0) as { client: string }[][]).flat())
      ended.add(client);
    world.lives = Object.fromEntries(many.filter(([id]) => !ended.has(id)));
    expiries.applied();
  }
  expect(ended.size).toBe(600);
});
