import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import { Member } from '../../../node/src/paxos/member.ts';
import type { Command } from '../../../node/src/paxos/pvalue.ts';
import { Replica } from '../../../node/src/paxos/replica.ts';
import { encodeChange, encodeSystemCommand } from '../../../node/src/paxos/system-command.ts';
import { Upgrades, type MachineVersions } from '../../../node/src/paxos/upgrade.ts';
import { admit, ballot, configurations, end, nothing, sent, timing, value } from './samples.ts';

/* A version of the machine comes into force by a decided command, once all voters have it. */

const upgrade = (version: number, base = 0): Command =>
  encodeSystemCommand({ type: 'machine', version, base });
const lists = { voters: ['a', 'b', 'c'], learners: ['d'], forced: false };

describe('when it is due', () => {
  const due = (newest: Record<string, number>, inForce = 1, known = configurations) =>
    new Upgrades('a', 3).due(inForce, 0, known, (voter) => newest[voter] ?? 1);

  test('not before every voter has said that it has it', () => {
    expect(due({ b: 3 })).toBeUndefined();
    expect(due({ b: 3, c: 2 })).toEqual({ version: 2, base: 0 });
    expect(due({ b: 3, c: 3 })).toEqual({ version: 3, base: 0 });
    expect(due({ b: 3, c: 2 }, 2)).toBeUndefined();
  });

  test('no version that the leader has not itself', () => {
    expect(due({ b: 9, c: 9 })).toEqual({ version: 3, base: 0 });
  });

  test('the voters of a configuration that is under way count, too; learners do not', () => {
    const change = { base: 0, voters: ['a', 'b', 'c'], learners: ['d'], forced: false };
    const learning = configurations.changed(change, 0) ?? configurations;
    expect(due({ b: 3, c: 3 }, 1, learning)).toEqual({ version: 3, base: 1 });
    const promotion = { base: 1, voters: ['a', 'b', 'c', 'd'], learners: [], forced: false };
    const pending = learning.changed(promotion, 4) ?? learning;
    expect(due({ b: 3, c: 3 }, 1, pending)).toBeUndefined();
    expect(due({ b: 3, c: 3, d: 2 }, 1, pending)).toEqual({ version: 2, base: 2 });
  });

  test('each is proposed once, and again after a change of the members, which made it void', () => {
    const upgrades = new Upgrades('a', 2);
    const ask = (known: Configurations) => upgrades.due(1, 0, known, () => 2);
    expect(ask(configurations)).toEqual({ version: 2, base: 0 });
    expect(ask(configurations)).toBeUndefined();
    expect(upgrades.wanted(1, configurations)).toBe(2);
    const changed = configurations.changed({ base: 0, ...lists }, 0) ?? configurations;
    expect(upgrades.wanted(1, changed)).toBe(1);
    expect(ask(changed)).toEqual({ version: 2, base: 1 });
  });
});

describe('once it is decided', () => {
  function replica(versions: MachineVersions = { inForce: 1, newest: 2 }): Replica {
    const packing = { batchBytes: 1024, pipeline: 3, applyBytes: 4096, heldBytes: 1 << 20 };
    const judges = { isSound: () => true, isAnswered: () => false };
    return new Replica(configurations, packing, timing, nothing, judges, versions);
  }

  function decide(of: Replica, slot: number, ...commands: Command[]): Effect[] {
    of.decided({ ballot: ballot('1.a'), slot, value: commands }, 'b');
    return of.perform();
  }

  const typesOf = (effects: readonly Effect[]): string[] => effects.map(({ type }) => type);

  test('it is in force from the next slot on', () => {
    const upgraded = replica();
    const effects = decide(upgraded, 0, upgrade(2), ...value('x'));
    expect(typesOf(effects)).toEqual(['apply', 'machine']);
    expect(effects[1]).toEqual({ type: 'machine', version: 2 });
    expect(upgraded.version).toBe(2);
    expect(typesOf(decide(upgraded, 1, ...value('y')))).toEqual(['apply']);
  });

  test.each([
    ['it is in force already', upgrade(1)],
    ['other members are in force', upgrade(2, 1)],
  ])('it is void: %s', (_, command) => {
    const unchanged = replica();
    expect(typesOf(decide(unchanged, 0, command))).toEqual(['apply']);
    expect(unchanged.version).toBe(1);
  });

  test('a change of the members that came first makes it void', () => {
    const changed = replica();
    const change = encodeChange({ base: 0, ...lists });
    expect(typesOf(decide(changed, 0, change, upgrade(2)))).toEqual(['apply', 'reconfigured']);
    expect(changed.version).toBe(1);
  });

  test('it makes a change void whose voters were not seen to have it', () => {
    const upgraded = replica();
    decide(upgraded, 0, upgrade(2));
    const unseen = encodeChange({ base: 0, ...lists, machine: 1 });
    expect(decide(upgraded, 1, unseen)[1]).toMatchObject({ stored: undefined });
    const seen = encodeChange({ base: 0, ...lists, machine: 2 });
    expect(decide(upgraded, 2, seen)[1]).toHaveProperty('stored', expect.anything());
  });

  test('who has it not applies nothing after it', () => {
    const old = replica({ inForce: 1, newest: 1 });
    old.decided({ ballot: ballot('1.a'), slot: 1, value: value('later') }, 'b');
    expect(typesOf(decide(old, 0, upgrade(2)))).toEqual(['apply', 'machine']);
    expect(old.slotOut).toBe(1);
    expect(old.perform()).toEqual([]);
  });

  test('the cut of a comparison has it, in whatever order they stand in a slot', () => {
    const comparing = replica();
    const effects = decide(comparing, 0, encodeSystemCommand({ type: 'compare' }), upgrade(2));
    expect(typesOf(effects)).toEqual(['apply', 'machine', 'compare']);
  });
});

describe('a leader', () => {
  const tick = { type: 'tick', random: 0.5 } as const;

  /** Of one voter, a, and a learner, d. */
  function leading(newest: number, inForce = 1): Member {
    const known = { ...firstConfiguration(['a'], 4), learners: ['d'] };
    const member = new Member({
      self: 'a',
      configurations: new Configurations([known]),
      mode: 'stable',
      timing,
      packing: { batchBytes: 1024, pipeline: 3, applyBytes: 4096, heldBytes: 1 << 20 },
      recovered: nothing,
      end: end(1),
      heard: {},
      machine: { inForce, newest },
    });
    admit(member, []);
    return member;
  }

  /** Ticks pass, and what it sends itself after a flush comes back. */
  function pass(member: Member, ticks: number): Effect[] {
    const all: Effect[] = [];
    for (let i = 0; i < ticks; i++) {
      const effects = member.step(tick);
      for (let effect = effects.shift(); effect; effect = effects.shift()) {
        all.push(effect);
        if (effect.type !== 'send' || !effect.to.includes('a')) continue;
        effects.push(...member.step({ type: 'message', from: 'a', message: effect.message }));
      }
    }
    return all;
  }

  function hear(member: Member, machine: number): void {
    const { leading: at = ballot('1.a'), slotOut } = member;
    const alive = { type: 'alive', ballot: at, slotOut, flushed: slotOut, machine } as const;
    member.step({ type: 'message', from: 'd', message: alive, end: end(1) });
  }

  const promotion = { base: 0, voters: ['a', 'd'], learners: [], forced: true };

  test('proposes it by itself, once', () => {
    const effects = pass(leading(2), 200);
    expect(effects.filter(({ type }) => type === 'machine')).toEqual([
      { type: 'machine', version: 2 },
    ]);
    expect(effects.filter(({ type }) => type === 'apply')).toHaveLength(1);
  });

  test('gives no vote to a learner that has not what is in force', () => {
    const member = leading(2, 2);
    pass(member, 200);
    hear(member, 1);
    expect(member.refusalOf(promotion)).toBe('OLD_MACHINE');
    hear(member, 2);
    expect(member.refusalOf(promotion)).toBeUndefined();
  });

  test('a follower says what it has, with its answer to a heartbeat', () => {
    const member = leading(7);
    const heartbeat = { type: 'heartbeat', ballot: ballot('9.d'), slotOut: 0 } as const;
    member.step(tick);
    const effects = member.step({ type: 'message', from: 'd', message: heartbeat, end: end(1) });
    expect(sent(effects, 'alive')).toMatchObject([{ to: ['d'], message: { machine: 7 } }]);
  });
});
