import type { Ballot } from '../../../node/src/paxos/ballot.ts';
import type { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import { Leader, type LeaderInit } from '../../../node/src/paxos/leader.ts';
import type { P1b, P2b, Propose } from '../../../node/src/paxos/messages.ts';
import { NO_OP, type Pvalue, type Slot } from '../../../node/src/paxos/pvalue.ts';
import { Witnesses } from '../../../node/src/paxos/witnesses.ts';
import { ballot, configurations, persisted, pvalue, sent, timing, value } from './samples.ts';

function leader(init: Partial<LeaderInit> = {}): Leader {
  return new Leader({
    self: 'a',
    configurations,
    mode: 'stable',
    timing,
    ballot: undefined,
    highest: undefined,
    slotOut: 0,
    witnesses: new Witnesses({}),
    machine: 1,
    ...init,
  });
}

/** Ticks until it starts phase 1; the others support it. */
function campaign(of: Leader): Effect[] {
  for (let tick = 0; tick < 100; tick++) {
    const effects = of.tick(0, true);
    if (sent(effects, 'p1a').length > 0) return effects;
    const [asked] = sent(effects, 'canvass');
    if (asked !== undefined) return support(of, 'b', asked.message.ballot);
  }
  throw new Error('it starts no phase 1');
}

function support(of: Leader, from: string, at: Ballot, supports = true): Effect[] {
  return of.canvassed(from, { type: 'canvassed', ballot: at, supports, slotOut: 0 });
}

function p1b(of: Leader, from: string, page: Partial<P1b> = {}): Effect[] {
  const asked = of.highest ?? ballot('0.a');
  const whole: P1b = { type: 'p1b', ballot: asked, from: 0, forgotten: 0, pvalues: [], ...page };
  return of.p1b(from, whole);
}

/** A leader that b and c have adopted. */
function elected(page: Partial<P1b> = {}, init: Partial<LeaderInit> = {}): [Leader, Effect[]] {
  const won = leader(init);
  campaign(won);
  p1b(won, 'b', page);
  return [won, p1b(won, 'c', page)];
}

function p2aSlots(effects: readonly Effect[]): Slot[] {
  return sent(effects, 'p2a').map(({ message }) => message.slot);
}

function p2b(of: Leader, from: string, slot: Slot, at = of.highest): Effect[] {
  const message: P2b = { type: 'p2b', ballot: at ?? ballot('0.a'), slot };
  return of.p2b(from, message);
}

describe('phase 1', () => {
  test('its ballot is new, above all that it heard of, and durable before its p1a', () => {
    const starting = leader({ ballot: ballot('1.a'), highest: ballot('3.c'), slotOut: 7 });
    const effects = campaign(starting);
    expect(effects.map(({ type }) => type)).toEqual(['persist', 'send']);
    expect(persisted(effects)).toEqual([{ type: 'leader-ballot', ballot: ballot('4.a') }]);
    expect(sent(effects, 'p1a')[0]?.message).toEqual({
      type: 'p1a',
      ballot: ballot('4.a'),
      from: 7,
    });
  });

  test('C1: no two attempts use one ballot', () => {
    const starting = leader();
    campaign(starting);
    const first = starting.highest;
    p1b(starting, 'b', { ballot: ballot('1.b') });
    campaign(starting);
    expect(starting.highest).not.toEqual(first);
    expect(starting.highest).toEqual(ballot('2.a'));
  });

  test('C2: what a quorum reported is proposed again, at the new ballot, before anything else', () => {
    const pvalues = [pvalue('0.b', 0, 'zero'), pvalue('0.c', 2, 'two')];
    const [won, effects] = elected({ pvalues });
    expect(sent(effects, 'p2a').map(({ message }) => [message.slot, message.value])).toEqual([
      [0, value('zero')],
      [1, NO_OP],
      [2, value('two')],
    ]);
    expect(won.propose('a', { type: 'propose', slot: 2, value: value('mine') })).toEqual([]);
  });

  test('what any of a quorum has forgotten is not proposed, neither no-ops nor reported pvalues', () => {
    const reported: Pvalue[] = [pvalue('0.b', 1, 'old'), pvalue('0.b', 4, 'new')];
    const [won, effects] = elected({ forgotten: 3, pvalues: reported });
    expect(p2aSlots(effects)).toEqual([3]); // 4 is beyond slot_out + WINDOW.
    expect(won.forgotten).toBe(3);
    const late = won.propose('b', { type: 'propose', slot: 2, value: value('late') });
    expect(late).toEqual([{ type: 'send', to: ['b'], message: { type: 'forgotten', below: 3 } }]);
  });

  test('on demand, a scout with nothing left to lead is abandoned', () => {
    const starting = leader({ mode: 'on-demand' });
    campaign(starting);
    starting.advance(1, configurations, false);
    p1b(starting, 'b');
    expect(p1b(starting, 'c')).toEqual([]);
    expect(starting.active).toBe(false);
  });
});

describe('phase 2', () => {
  test('C1: one value is selected for a slot, and one commander spawned', () => {
    const [won] = elected();
    const first = won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    expect(sent(first, 'p2a')).toHaveLength(1);
    expect(won.propose('b', { type: 'propose', slot: 0, value: value('y') })).toEqual([]);
  });

  test('C1: what was forgotten is answered so, never with a commander', () => {
    const [won] = elected();
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    won.advance(1, configurations, true);
    const again = won.propose('b', { type: 'propose', slot: 0, value: value('y') });
    expect(again).toEqual([{ type: 'send', to: ['b'], message: { type: 'forgotten', below: 1 } }]);
    // A new ballot empties the map, never the mark.
    won.heartbeat('b', { type: 'heartbeat', ballot: ballot('9.b'), slotOut: 1 });
    campaign(won);
    p1b(won, 'b', { from: 1 });
    p1b(won, 'c', { from: 1 });
    expect(won.active).toBe(true);
    expect(p2aSlots(won.propose('b', { type: 'propose', slot: 0, value: value('y') }))).toEqual([]);
  });

  test('R5: no commander at or beyond slot_out + WINDOW; it comes when slot_out moves', () => {
    const [won] = elected();
    expect(won.propose('b', { type: 'propose', slot: 4, value: value('far') })).toEqual([]);
    const effects = won.advance(1, configurations, true);
    expect(p2aSlots(effects)).toContain(4);
  });

  test('a quorum decides; the next p2a tells the others', () => {
    const [won] = elected();
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    expect(p2b(won, 'b', 0)).toEqual([]);
    const decided = p2b(won, 'a', 0);
    expect(sent(decided, 'decision')).toEqual([
      { to: ['a'], message: { type: 'decision', ballot: won.ballot, slot: 0, value: value('x') } },
    ]);
    const next = won.propose('a', { type: 'propose', slot: 1, value: value('y') });
    expect(sent(next, 'p2a')[0]?.message.decided).toEqual([0]);
  });

  test('when it is idle, a tick tells the others what was decided, without the value', () => {
    const [won] = elected();
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    p2b(won, 'b', 0);
    p2b(won, 'c', 0);
    expect(sent(won.tick(0, false), 'decision')).toEqual([
      { to: ['b', 'c'], message: { type: 'decision', ballot: won.ballot, slot: 0 } },
    ]);
  });

  test('on demand, a decision goes to everybody, with its value', () => {
    const [won] = elected({}, { mode: 'on-demand' });
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    p2b(won, 'b', 0);
    expect(sent(p2b(won, 'c', 0), 'decision')).toMatchObject([
      { to: ['a', 'b', 'c'], message: { slot: 0, value: value('x') } },
    ]);
  });

  test('a higher ballot in a p2b ends its leadership', () => {
    const [won] = elected();
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    const effects = p2b(won, 'b', 0, ballot('9.b'));
    expect(effects).toContainEqual({ type: 'leading', ballot: undefined });
    expect(won.active).toBe(false);
    expect(won.known).toBe('b');
  });

  test('a hole below a proposal gets a no-op with a tick', () => {
    const [won] = elected();
    won.propose('b', { type: 'propose', slot: 2, value: value('x') });
    const filled = sent(won.tick(0, false), 'p2a').filter(({ message }) => message.slot < 2);
    expect(filled.map(({ message }) => message.value)).toEqual([NO_OP, NO_OP]);
  });

  test('unanswered p2as are sent again to who has not answered', () => {
    const [won] = elected();
    won.propose('a', { type: 'propose', slot: 0, value: value('x') });
    p2b(won, 'b', 0);
    const again = Array.from({ length: timing.retransmit }, () => won.tick(0.5, false)).flat();
    expect(sent(again, 'p2a')).toMatchObject([{ to: ['a', 'c'], message: { slot: 0 } }]);
  });
});

describe('stable leadership', () => {
  test('the leader sends heartbeats, the first at once', () => {
    const [won, effects] = elected();
    const beat = {
      to: ['b', 'c'],
      message: { type: 'heartbeat', ballot: won.ballot, slotOut: 0, ends: {} },
    };
    expect(sent(effects, 'heartbeat')).toEqual([beat]);
    const later = Array.from({ length: timing.heartbeat }, () => won.tick(0, false)).flat();
    expect(sent(later, 'heartbeat')).toEqual([beat]);
  });

  test('heartbeats keep a follower from phase 1, and silence does not', () => {
    const following = leader();
    for (let tick = 0; tick < 100; tick++) {
      if (tick % timing.heartbeat === 0) {
        following.heartbeat('b', { type: 'heartbeat', ballot: ballot('1.b'), slotOut: 0 });
      }
      expect(following.tick(0, true)).toEqual([]);
    }
    expect(following.known).toBe('b');
    expect(sent(campaign(following), 'p1a')).toHaveLength(1);
  });

  test('a heartbeat of a higher ballot ends its leadership; one of a lower does not', () => {
    const [won] = elected();
    won.heartbeat('b', { type: 'heartbeat', ballot: ballot('0.b'), slotOut: 0 });
    expect(won.active).toBe(true);
    won.heartbeat('b', { type: 'heartbeat', ballot: ballot('9.b'), slotOut: 0 });
    expect(won.active).toBe(false);
  });
});

describe('who suspects the leader', () => {
  /** Ticks until it asks whether the others miss a leader. */
  function asked(of: Leader): Ballot {
    for (let tick = 0; tick < 200; tick++) {
      const [canvass] = sent(of.tick(0, false), 'canvass');
      if (canvass !== undefined) return canvass.message.ballot;
    }
    throw new Error('it asks nobody');
  }

  const isSupported = (of: Leader, from: string, at: Ballot): boolean | undefined =>
    sent(of.canvass(from, { type: 'canvass', ballot: at }), 'canvassed')[0]?.message.supports;

  test('uses no ballot before a quorum supports it', () => {
    const lonely = leader();
    const first = asked(lonely);
    expect(support(lonely, 'b', first, false)).toEqual([]);
    expect(support(lonely, 'stranger', first)).toEqual([]);
    expect(support(lonely, 'b', ballot('9.a'))).toEqual([]);
    for (let i = 0; i < 100; i++) expect(asked(lonely)).toEqual(first);
    expect(lonely.highest).toBeUndefined();
    expect(persisted(support(lonely, 'b', first))).toHaveLength(1);
  });

  test('gets no support from a leader, nor from who hears one', () => {
    const [won] = elected();
    expect(isSupported(won, 'b', ballot('9.b'))).toBe(false);
    const following = leader();
    following.heartbeat('b', { type: 'heartbeat', ballot: ballot('1.b'), slotOut: 0 });
    expect(isSupported(following, 'c', ballot('9.c'))).toBe(false);
    for (let tick = 0; tick < timing.election / 2; tick++) following.tick(0, false);
    expect(isSupported(following, 'c', ballot('9.c'))).toBe(true);
  });

  test('of two at a time, the lower ballot waits', () => {
    const first = leader();
    const at = asked(first);
    expect(isSupported(first, 'b', ballot('0.b'))).toBe(false);
    expect(isSupported(first, 'b', ballot('9.b'))).toBe(true);
    // It has yielded: support that comes late makes it use no ballot.
    expect(support(first, 'b', at)).toEqual([]);
  });

  test('a scout that no quorum answers is given up, and another one uses a higher ballot', () => {
    const starting = leader();
    campaign(starting);
    expect(asked(starting)).toEqual(ballot('2.a'));
  });
});

describe('a leader that is gone', () => {
  /** Long before silence alone is a reason to suspect anybody. */
  const patient = { ...timing, missing: 3, election: 60 };
  const following = (self = 'a'): Leader => {
    const of = leader({ self, timing: patient });
    hear(of);
    return of;
  };
  const hear = (of: Leader): Effect[] =>
    of.heartbeat('c', { type: 'heartbeat', ballot: ballot('1.c'), slotOut: 0 });
  /** The ticks, from the next one on, in which it asks whether c is there. */
  const asks = (of: Leader, ticks: number): number[] =>
    Array.from({ length: ticks }, (_, i) => i + 1).filter(() => {
      const asked = of.tick(0, false).filter(({ type }) => type === 'ask-presence');
      for (const effect of asked) expect(effect).toEqual({ type: 'ask-presence', of: 'c' });
      return asked.length > 0;
    });
  const canvasses = (effects: readonly Effect[]): number => sent(effects, 'canvass').length;
  const supports = (effects: readonly Effect[]): (boolean | undefined)[] =>
    sent(effects, 'canvassed').map(({ message }) => message.supports);

  test('is asked after when two heartbeats are missing, and with each further one', () => {
    const of = following();
    expect(asks(of, 8)).toEqual([3, 5, 7]);
    hear(of);
    expect(asks(of, 3)).toEqual([3]);
    const [won] = elected();
    expect(asks(won, 4)).toEqual([]);
  });

  test('is missed at once, and the others are asked before any ballot is used', () => {
    const of = following();
    asks(of, 3);
    const effects = of.gone('c', true);
    expect(effects.map(({ type }) => type)).toEqual(['send']);
    expect(canvasses(effects)).toBe(1);
    expect(canvasses(of.gone('c', true))).toBe(0); // It has asked them.
    expect(sent(support(of, 'b', ballot('2.a')), 'p1a')).toHaveLength(1);
  });

  test('is no reason to recover the cluster by hand: that takes a long silence', () => {
    const of = following();
    asks(of, 3);
    of.gone('c', true);
    expect(of.missesLeader).toBe(false);
    for (let tick = 3; tick < patient.election / 2; tick++) of.tick(0, false);
    expect(of.missesLeader).toBe(true);
  });

  test('may be another one than this member follows, or may have been heard meanwhile', () => {
    const of = following();
    asks(of, 2);
    expect(of.gone('c', true)).toEqual([]);
    asks(of, 1);
    expect(of.gone('b', true)).toEqual([]);
    hear(of);
    expect(of.gone('c', true)).toEqual([]);
    expect(supports(of.canvass('b', { type: 'canvass', ballot: ballot('2.b') }))).toEqual([false]);
  });

  test('whose successor asks too soon: it is supported as soon as this member is told, too', () => {
    const of = following();
    asks(of, 3);
    expect(supports(of.canvass('b', { type: 'canvass', ballot: ballot('2.b') }))).toEqual([false]);
    const effects = of.gone('c', true);
    expect(sent(effects, 'canvassed')).toEqual([
      {
        to: ['b'],
        message: { type: 'canvassed', ballot: ballot('2.b'), supports: true, slotOut: 0 },
      },
    ]);
    // That one has time to lead.
    expect(canvasses(of.gone('c', true))).toBe(0);
  });

  test('who may not vote misses it, and does not try to lead', () => {
    const of = following();
    asks(of, 3);
    expect(of.gone('c', false)).toEqual([]);
  });
});

describe('contact', () => {
  const beat = (of: Leader): Ballot => {
    for (let tick = 0; tick <= timing.heartbeat; tick++) {
      const [heartbeat] = sent(of.tick(0, false), 'heartbeat');
      if (heartbeat !== undefined) return heartbeat.message.ballot;
    }
    throw new Error('no heartbeat');
  };

  test('a leader that no quorum answers steps down', () => {
    const [won] = elected();
    for (let tick = 0; tick <= timing.election; tick++) {
      expect(won.active).toBe(true);
      won.tick(0, false);
    }
    expect(won.active).toBe(false);
    expect(won.known).toBeUndefined();
  });

  test('one that a quorum answers stays', () => {
    const [won] = elected();
    for (let i = 0; i < 20; i++)
      won.alive('c', { type: 'alive', ballot: beat(won), slotOut: 0, flushed: 0 });
    expect(won.active).toBe(true);
  });

  test('a voter is fitter that has more of the state on its disk; as much is not enough', () => {
    const [won] = elected();
    won.flushed(5);
    const alive = { type: 'alive', ballot: won.ballot ?? ballot('0.a'), slotOut: 9 } as const;
    won.alive('b', { ...alive, flushed: 5 });
    won.alive('c', { ...alive, flushed: 4 });
    expect(won.fitter).toBeUndefined();
    won.alive('c', { ...alive, flushed: 6 });
    expect(won.fitter).toBe('c');
  });

  test('a follower that knows of a higher ballot says so, and the leader gets out of its way', () => {
    const following = leader({ highest: ballot('7.a') });
    const late = { type: 'heartbeat', ballot: ballot('3.b'), slotOut: 0 } as const;
    const said = { slotOut: 0, flushed: 0, machine: 1 };
    expect(following.heartbeat('b', late)).toEqual([
      { type: 'send', to: ['b'], message: { type: 'alive', ballot: ballot('7.a'), ...said } },
    ]);
    const [won] = elected();
    won.alive('b', { type: 'alive', ballot: ballot('7.b'), slotOut: 0, flushed: 0 });
    expect(won.active).toBe(false);
  });
});

describe('a hand-over', () => {
  test('asks the member that has applied the most', () => {
    const [won] = elected();
    won.alive('b', { type: 'alive', ballot: won.ballot ?? ballot('0.a'), slotOut: 1, flushed: 0 });
    won.alive('c', { type: 'alive', ballot: won.ballot ?? ballot('0.a'), slotOut: 5, flushed: 0 });
    expect(sent(won.handOver(undefined), 'hand-over')[0]?.to).toEqual(['c']);
    expect(sent(won.handOver('b'), 'hand-over')[0]?.to).toEqual(['b']);
    expect(won.active).toBe(true);
  });

  test('makes a follower start phase 1 at once, and only once', () => {
    const following = leader();
    const handOver = { type: 'hand-over', ballot: ballot('3.b') } as const;
    expect(sent(following.handedOver(handOver), 'p1a')[0]?.message.ballot).toEqual(ballot('4.a'));
    expect(following.handedOver(handOver)).toEqual([]);
  });

  test('is nothing for who does not lead', () => {
    expect(leader().handOver('b')).toEqual([]);
  });
});

describe('reconfiguration', () => {
  const changed = (voters: string[], learners: string[] = []): Configurations => {
    const next = configurations.changed({ base: 0, voters, learners, forced: false }, 0);
    if (next === undefined) throw new Error('void');
    return next;
  };
  const proposal = (slot: Slot): Propose => ({ type: 'propose', slot, value: value('x') });

  test('phase 1 again, at the same ballot, before the first slot of a new configuration', () => {
    const [won] = elected();
    const next = changed(['a', 'b']);
    const effects = won.advance(1, next, false);
    expect(sent(effects, 'p1a')).toEqual([
      { to: ['a', 'b'], message: { type: 'p1a', ballot: won.ballot, from: 4 } },
    ]);
    expect(won.propose('a', proposal(4))).toEqual([]);
    expect(p2aSlots(won.propose('a', proposal(3)))).toEqual([3]);
    p1b(won, 'a', { from: 4 });
    const adopted = p1b(won, 'b', { from: 4, pvalues: [pvalue('0.b', 5, 'reported')] });
    expect(p2aSlots(adopted)).toEqual([4]); // 5 is beyond slot_out + WINDOW.
    expect(p2aSlots(won.advance(2, next, false))).toEqual([5]);
  });

  test('what was proposed for a slot of the new configuration before phase 1 in it is void', () => {
    const [won] = elected();
    won.propose('b', proposal(4)); // Beyond WINDOW: it has no commander yet.
    won.advance(1, changed(['a', 'b']), false);
    p1b(won, 'a', { from: 4 });
    p1b(won, 'b', { from: 4, pvalues: [pvalue('0.b', 4, 'reported')] });
    const [again] = sent(won.tick(0.5, false), 'p2a').filter(({ message }) => message.slot === 4);
    expect(again).toBeUndefined();
  });

  test('a scout needs a quorum of the configuration in force and of the pending one', () => {
    const starting = leader({ configurations: changed(['a', 'b', 'c'], ['d']), slotOut: 1 });
    campaign(starting);
    p1b(starting, 'b', { from: 1 });
    p1b(starting, 'd', { from: 1 }); // A learner is counted nowhere.
    expect(starting.active).toBe(false);
    p1b(starting, 'a', { from: 1 });
    expect(starting.active).toBe(true);
  });

  test('an idle leader decides no-ops up to the first slot of a pending configuration', () => {
    const [won] = elected();
    won.advance(1, changed(['a', 'b']), false);
    p1b(won, 'a', { from: 4 });
    p1b(won, 'b', { from: 4 });
    expect(p2aSlots(won.tick(0, false))).toEqual([1, 2, 3]);
  });

  test('who is no voter of the newest configuration does not try to lead', () => {
    const removed = leader({ configurations: changed(['b', 'c']), slotOut: 1 });
    for (let tick = 0; tick < 100; tick++) expect(removed.tick(0, true)).toEqual([]);
    const asked = removed.canvass('b', { type: 'canvass', ballot: ballot('1.b') });
    expect(sent(asked, 'canvassed')[0]?.message.supports).toBe(true); // Others still may.
  });

  test('a leader that is no voter any more asks another one to lead', () => {
    const [won] = elected();
    const next = changed(['b', 'c']);
    won.advance(1, next, false);
    won.advance(4, next, false);
    const ticks = Array.from({ length: timing.heartbeat }, () => won.tick(0, false)).flat();
    expect(sent(ticks, 'hand-over')[0]?.to).toEqual(['b']);
  });

  test('of several changes that it learns at once, phase 1 begins with the first', () => {
    const [won] = elected({ forgotten: 20 });
    const first = changed(['a', 'b', 'c'], ['d']);
    const change = { base: 1, voters: ['a', 'b', 'c', 'd'], learners: [], forced: false };
    const both = first.changed(change, 6);
    if (both === undefined) throw new Error('void');
    const effects = won.advance(8, both, false);
    expect(sent(effects, 'p1a')).toMatchObject([
      { to: ['a', 'b', 'c', 'd'], message: { type: 'p1a', from: 4 } },
    ]);
    expect(won.reach).toBe(4);
  });

  test('a leader has no say on members before it has applied what others may have decided', () => {
    const [won] = elected({ forgotten: 2, pvalues: [pvalue('0.b', 3, 'reported')] });
    expect(won.isInformed).toBe(false);
    won.advance(3, configurations, false);
    expect(won.isInformed).toBe(false);
    won.advance(4, configurations, false);
    expect(won.isInformed).toBe(true);
  });
});

describe('the floor', () => {
  const alive = (of: Leader, from: string, slotOut: Slot): Effect[] =>
    of.alive(from, {
      type: 'alive',
      ballot: of.ballot ?? ballot('0.a'),
      slotOut,
      flushed: slotOut,
    });

  test('is computed once the leader has applied what others may have decided, and no higher', () => {
    const [won] = elected({ pvalues: [pvalue('0.b', 0, 'zero'), pvalue('0.b', 1, 'one')] });
    for (const voter of ['b', 'c']) alive(won, voter, 5);
    won.advance(1, configurations, true);
    expect(won.isInformed).toBe(false);
    expect(won.collectable).toBe(0);
    won.advance(2, configurations, true);
    expect(won.isInformed).toBe(true);
    expect(won.collectable).toBe(2);
  });

  test('said by a leader that is behind, it is no higher than what that one has applied', () => {
    // Of a leader before it, which had applied more.
    const behind = leader({ slotOut: 2 });
    const heartbeat = { type: 'heartbeat', ballot: ballot('1.b'), slotOut: 9, floor: 7 } as const;
    behind.heartbeat('b', heartbeat);
    behind.handedOver({ type: 'hand-over', ballot: ballot('1.b') });
    const effects = ['b', 'c'].flatMap((voter) => p1b(behind, voter, { from: 2 }));
    const [first] = sent(effects, 'heartbeat');
    expect(first?.message).toMatchObject({ slotOut: 2, floor: 2 });
    expect(behind.collectable).toBe(7);
  });

  test('whoever forgot it may be gone: a leader that lacks it starts phase 1 again', () => {
    const [won] = elected({ forgotten: 3 });
    const again: Effect[] = [];
    for (let tick = 0; tick < 100 && again.length === 0; tick++) {
      for (const voter of ['b', 'c']) alive(won, voter, 0);
      again.push(
        ...sent(won.tick(0.5, true), 'p1a').map(({ to, message }) => {
          return { type: 'send', to, message } as const;
        }),
      );
    }
    expect(again).toMatchObject([{ message: { ballot: ballot('2.a'), from: 0 } }]);
  });
});
