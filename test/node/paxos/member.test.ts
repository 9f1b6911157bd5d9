import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect, Recovered } from '../../../node/src/paxos/effects.ts';
import { Member } from '../../../node/src/paxos/member.ts';
import { admit, ballot, end, machine, nothing, pvalue, sent, timing, value } from './samples.ts';

/** A member over a log in which the slots below 2 are marked as decided, and slot 2 is accepted. */
function restarted(voters: readonly string[], mode: 'stable' | 'on-demand'): Member {
  const texts = ['zero', 'one', 'two'];
  const stored = texts.map((text, slot) => ({ ...pvalue('1.a', slot, text), learned: false }));
  const ends = { decidedMark: 2, floor: 0, slotOut: 0 };
  const recovered: Recovered = { ballot: ballot('1.a'), ...ends, stored };
  const packing = { batchBytes: 1024, pipeline: 3 };
  const configurations = new Configurations([firstConfiguration(voters, 4)]);
  const init = { self: 'a', configurations, mode, timing, packing, recovered };
  return new Member({ ...init, end: end(9), heard: {}, machine });
}

function applied(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) => (effect.type === 'apply' ? [effect.slot] : []));
}

const tick = { type: 'tick', random: 0.5 } as const;

test('R3: what the log marks as decided is applied after a restart, with nobody there to ask', () => {
  const member = restarted(['a', 'b', 'c'], 'on-demand');
  expect(applied(member.step(tick))).toEqual([0, 1]);
  expect(member.slotOut).toBe(2);
});

test.each([[['a']], [['a', 'b', 'c']]])(
  'a survey right after a restart of %j is answered from what was decided, and decides nothing',
  (voters) => {
    const member = restarted(voters, 'on-demand');
    const effects = [...member.step({ type: 'survey', survey: 7 })];
    for (let i = 0; i <= timing.surveySilence + 1; i++) effects.push(...member.step(tick));
    const surveyed = effects.findIndex(({ type }) => type === 'surveyed');
    expect(surveyed).toBeGreaterThan(0);
    expect(applied(effects.slice(0, surveyed))).toEqual([0, 1]);
    expect(sent(effects, 'p1a')).toEqual([]);
    expect(sent(effects, 'p2a')).toEqual([]);
  },
);

test('a leader that is heard at a new ballot gets the outstanding proposals at once', () => {
  const member = restarted(['a', 'b', 'c'], 'stable');
  admit(member, ['b', 'c']);
  const heard = (at: string): Effect[] => {
    const message = { type: 'heartbeat', ballot: ballot(at), slotOut: 0 } as const;
    return member.step({ type: 'message', from: 'b', message, end: end(1) });
  };
  heard('2.b');
  const [command] = value('x');
  if (command === undefined) throw new Error('no command');
  const proposed = sent(member.step({ type: 'request', commands: [command] }), 'propose');
  expect(proposed).toHaveLength(1);
  expect(sent(heard('2.b'), 'propose')).toEqual([]);
  expect(sent(heard('3.b'), 'propose')).toEqual(proposed);
});

/** The only voter, which leads; d learns. */
function leading(): Member {
  const lists = { number: 0, from: 0, voters: ['a'], learners: ['d'], window: 4 };
  const configurations = new Configurations([lists]);
  const packing = { batchBytes: 1024, pipeline: 3 };
  const init = { self: 'a', configurations, mode: 'stable', timing, packing } as const;
  const log = { recovered: nothing, end: end(1), heard: {} };
  const member = new Member({ ...init, ...log, machine });
  for (let i = 0; i < 100 && member.leading === undefined; i++) pass(member, 1);
  return member;
}

/** Ticks pass; what a member sends itself after a flush comes back. */
function pass(member: Member, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    const effects = member.step(tick);
    for (let effect = effects.shift(); effect; effect = effects.shift()) {
      if (effect.type !== 'send' || !effect.to.includes('a')) continue;
      effects.push(...member.step({ type: 'message', from: 'a', message: effect.message }));
    }
  }
}

test('a learner that was never heard, or not for long, is not promoted, not even by force', () => {
  const member = leading();
  const change = { base: 0, voters: ['a', 'd'], learners: [], forced: true };
  expect(member.refusalOf(change)).toBe('LAGS');
  const { leading: at = ballot('1.a') } = member;
  const message = { type: 'alive', ballot: at, slotOut: 0, flushed: 0 } as const;
  member.step({ type: 'message', from: 'd', message, end: end(1) });
  expect(member.refusalOf(change)).toBeUndefined();
  expect(member.refusalOf({ ...change, forced: false })).toBeUndefined();
  pass(member, 100);
  expect(member.refusalOf(change)).toBe('LAGS');
  expect(member.refusalOf({ ...change, voters: ['a'] })).toBeUndefined();
});

test('a learner that lacks on disk what the logs need not have any more is not promoted', () => {
  const member = leading();
  member.step({ type: 'request', commands: value('x') });
  pass(member, 20);
  expect(member.slotOut).toBe(1);
  member.step({ type: 'flushed', slotOut: 1 });
  const heard = (flushed: number): void => {
    const { leading: at = ballot('1.a') } = member;
    const message = { type: 'alive', ballot: at, slotOut: 1, flushed } as const;
    member.step({ type: 'message', from: 'd', message, end: end(1) });
  };
  const change = { base: 0, voters: ['a', 'd'], learners: [], forced: true };
  heard(0);
  expect(member.refusalOf(change)).toBe('LAGS');
  heard(1);
  expect(member.refusalOf(change)).toBeUndefined();
});
