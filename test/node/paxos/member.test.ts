import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect, Recovered } from '../../../node/src/paxos/effects.ts';
import { Member } from '../../../node/src/paxos/member.ts';
import type { CoreMessage } from '../../../node/src/paxos/messages.ts';
import type { Command, Pvalue, Slot, Value } from '../../../node/src/paxos/pvalue.ts';
import {
  admit,
  ballot,
  end,
  machine,
  nothing,
  persisted,
  pvalue,
  sent,
  timing,
  value,
} from './samples.ts';

/** A member over a log in which the slots below 2 are marked as decided, and slot 2 is accepted. */
function restarted(voters: readonly string[], mode: 'stable' | 'on-demand'): Member {
  const texts = ['zero', 'one', 'two'];
  const stored = texts.map((text, slot) => ({ ...pvalue('1.a', slot, text), learned: false }));
  const ends = { decidedMark: 2, floor: 0, slotOut: 0 };
  const recovered: Recovered = { ballot: ballot('1.a'), ...ends, stored };
  const packing = { batchBytes: 1024, pipeline: 3, applyBytes: 4096, heldBytes: 1 << 20 };
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

/** Of three voters, a follows nobody yet. */
function voter(
  isAnswered: (command: Command) => boolean = () => false,
  heldBytes = 1 << 20,
): Member {
  const three = new Configurations([firstConfiguration(['a', 'b', 'c'], 4)]);
  const packing = { batchBytes: 1, pipeline: 3, applyBytes: 3, heldBytes };
  const init = { self: 'a', configurations: three, mode: 'stable', timing, packing } as const;
  const log = { recovered: nothing, end: end(1), heard: {}, isAnswered };
  const member = new Member({ ...init, ...log, machine });
  admit(member, ['b', 'c']);
  return member;
}

function hear(member: Member, message: CoreMessage): Effect[] {
  return member.step({ type: 'message', from: 'b', message, end: end(1) });
}

/** Asked to, it leads at the next ballot above that of b, who reports what it had accepted. */
function lead(member: Member, round: number, pvalues: readonly Pvalue[] = []): Effect[] {
  hear(member, { type: 'hand-over', ballot: ballot(`${round}.b`) });
  const page = {
    type: 'p1b',
    ballot: ballot(`${round + 1}.a`),
    from: member.slotOut,
    forgotten: 0,
  } as const;
  member.step({ type: 'message', from: 'a', message: { ...page, pvalues: [] } });
  const effects = hear(member, { ...page, pvalues });
  expect(member.leading).toEqual(ballot(`${round + 1}.a`));
  return effects;
}

function learned(...decisions: Pvalue[]): CoreMessage {
  return { type: 'learned', from: 0, slotOut: decisions.length, decisions };
}

/** What was sent to be accepted, slot by slot. */
function proposed(effects: readonly Effect[]): [Slot, Value][] {
  return sent(effects, 'p2a').map(({ message: { slot, value: of } }) => [slot, of]);
}

describe('a leader that is deposed', () => {
  test('drops what waits and what it proposed, and takes nothing more', () => {
    const member = voter();
    lead(member, 1);
    expect(member.takesCommands).toBe(true);
    const effects = member.step({ type: 'request', commands: value('u', 'v', 'w', 'x', 'y') });
    expect(proposed(effects)).toHaveLength(3);
    expect(member.requestBytes).toBe(2);
    hear(member, { type: 'heartbeat', ballot: ballot('7.b'), slotOut: 0 });
    expect(member.takesCommands).toBe(false);
    expect(member.requestBytes).toBe(0);
    // What others decide in the place of its proposals brings none of them back.
    const decided = hear(member, learned(pvalue('7.b', 0, 'o'), pvalue('7.b', 1, 'p')));
    decided.push(...member.step({ type: 'request', commands: value('z') }));
    for (let i = 0; i < 100; i++) decided.push(...member.step(tick));
    expect(applied(decided)).toEqual([0, 1]);
    expect([...sent(decided, 'propose'), ...proposed(decided)]).toEqual([]);
    expect(member.requestBytes).toBe(0);
    // When it leads again, it has nothing of its earlier leadership to propose.
    expect(proposed(lead(member, 8))).toEqual([]);
  });

  test('C2: what a quorum had accepted of it is proposed by the next leader, and by itself', () => {
    const member = voter();
    lead(member, 1);
    member.step({ type: 'request', commands: value('mine') });
    hear(member, { type: 'heartbeat', ballot: ballot('7.b'), slotOut: 0 });
    expect(proposed(lead(member, 8, [pvalue('2.a', 0, 'mine')]))).toEqual([[0, value('mine')]]);
  });
});

test('who leads proposes nothing new before it has applied what phase 1 reported', () => {
  const member = voter();
  lead(member, 1, [pvalue('1.b', 0, 'old'), pvalue('1.b', 1, 'older')]);
  expect(proposed(member.step({ type: 'request', commands: value('n') }))).toEqual([]);
  expect(proposed(hear(member, learned(pvalue('1.b', 0, 'old'))))).toEqual([]);
  expect(member.requestBytes).toBe(1);
  const effects = hear(member, learned(pvalue('1.b', 0, 'old'), pvalue('1.b', 1, 'older')));
  expect(proposed(effects)).toEqual([[2, value('n')]]);
});

test('a command that has run while it waited is not proposed', () => {
  const text = (command: Command): string => new TextDecoder().decode(command);
  const member = voter((command) => text(command).startsWith('run'));
  lead(member, 1, [pvalue('1.b', 0, 'run1')]);
  member.step({ type: 'request', commands: value('run1', 'new', 'run2') });
  const effects = hear(member, learned(pvalue('1.b', 0, 'run1')));
  expect(proposed(effects)).toEqual([[1, value('new')]]);
  expect(member.requestBytes).toBe(0);
  expect(member.slotIn).toBe(2);
  // What comes when all is applied was looked at when it came.
  expect(proposed(member.step({ type: 'request', commands: value('run3') }))).toHaveLength(1);
});

test('R3: what is decided at once is applied a part at a time, in order, and nothing is asked for', () => {
  const member = voter();
  const [first, ...later] = [0, 1, 2, 3, 4].map((slot) => pvalue('1.b', slot, 'ab'));
  if (first === undefined) throw new Error('no decision');
  expect(applied(hear(member, learned(...later)))).toEqual([]);
  const effects = hear(member, learned(first));
  expect(applied(effects)).toEqual([0]);
  expect(effects.at(-1)).toEqual({ type: 'unfinished' });
  for (let i = 0; i < 4; i++) effects.push(...member.step({ type: 'perform' }));
  expect(applied(effects)).toEqual([0, 1, 2, 3, 4]);
  expect(effects.at(-1)?.type).not.toBe('unfinished');
  expect(sent(effects, 'learn')).toEqual([]);
});

describe('a member whose disk falls behind', () => {
  const full = { type: 'backlog', isFull: true } as const;
  const free = { type: 'backlog', isFull: false } as const;
  const p2a = (slot: Slot, of: string, round = 1) =>
    ({ type: 'p2a', ballot: ballot(`${round}.b`), slot, value: value(of), decided: [] }) as const;

  test('accepts nothing new, adopts no ballot with it, and says again what it has accepted', () => {
    const member = voter();
    expect(sent(hear(member, p2a(0, 'u')), 'p2b')).toHaveLength(1);
    member.step(full);
    expect(hear(member, p2a(1, 'v'))).toEqual([]);
    expect(hear(member, p2a(0, 'u', 2))).toEqual([]);
    expect(member.ballot).toEqual(ballot('1.b'));
    expect(sent(hear(member, p2a(0, 'u')), 'p2b')).toHaveLength(1);
    expect(member.step(free)).toEqual([]);
    expect(persisted(hear(member, p2a(1, 'v')))).toHaveLength(1);
  });

  test('R3: applies nothing, learns nothing more and asks for nothing; then it goes on at once', () => {
    const member = voter();
    // What it asks everybody at its start is answered.
    for (const from of ['b', 'c']) {
      member.step({ type: 'message', from, message: learned(), end: end(1) });
    }
    hear(member, p2a(0, 'u'));
    member.step(full);
    const decided = { type: 'decision', ballot: ballot('1.b') } as const;
    const effects = hear(member, { ...decided, slot: 0 });
    effects.push(...hear(member, learned(pvalue('1.b', 1, 'v'))));
    effects.push(...hear(member, { ...decided, slot: 1, value: value('v') }));
    for (let i = 0; i < 50; i++) effects.push(...member.step(tick));
    expect([applied(effects), persisted(effects), sent(effects, 'learn')]).toEqual([[], [], []]);
    const then = member.step(free);
    expect(applied(then)).toEqual([0]);
    expect(sent(then, 'learn')).toMatchObject([{ message: { from: 1 } }]);
    expect(applied(hear(member, learned(pvalue('1.b', 1, 'v'))))).toEqual([1]);
  });

  test('does not try to lead, whoever asks it to; once its disk keeps up it does', () => {
    const member = voter();
    member.step(full);
    const asked = { type: 'hand-over', ballot: ballot('3.b') } as const;
    const effects = [...hear(member, asked), ...member.step({ type: 'gone', member: 'b' })];
    for (let i = 0; i < 200; i++) effects.push(...member.step(tick));
    expect([...sent(effects, 'p1a'), ...sent(effects, 'canvass')]).toEqual([]);
    member.step(free);
    expect(sent(hear(member, asked), 'p1a')).toHaveLength(1);
  });

  test('R3: stops to apply between any two slots, and goes on behind the last one', () => {
    const member = voter();
    const all = [0, 1, 2, 3, 4].map((slot) => pvalue('1.b', slot, 'ab'));
    expect(applied(hear(member, learned(...all)))).toEqual([0]);
    // The driver was told that more can be applied, and says so after the disk fell behind.
    const effects = [...member.step(full), ...member.step({ type: 'perform' })];
    expect([applied(effects), effects.at(-1)?.type]).toEqual([[], undefined]);
    const then = member.step(free);
    expect(then.at(-1)).toEqual({ type: 'unfinished' });
    for (let i = 0; i < 3; i++) then.push(...member.step({ type: 'perform' }));
    expect(applied(then)).toEqual([1, 2, 3, 4]);
  });

  test('R3: after a restart waits with what its log has decided, too', () => {
    const member = restarted(['a', 'b', 'c'], 'on-demand');
    const effects = member.step(full);
    for (let i = 0; i < 50; i++) effects.push(...member.step(tick));
    expect(applied(effects)).toEqual([]);
    expect(applied(member.step(free))).toEqual([0, 1]);
  });

  test('proposes nothing new while it leads, and what waits as soon as it may', () => {
    const member = voter();
    lead(member, 1);
    member.step(full);
    expect(proposed(member.step({ type: 'request', commands: value('u') }))).toEqual([]);
    expect(member.requestBytes).toBe(1);
    expect(proposed(member.step(free))).toEqual([[0, value('u')]]);
  });

  test('a member that is behind holds so much of what it cannot apply, and WINDOW in any case', () => {
    const member = voter(undefined, 2_000);
    for (const slot of [1, 2, 3, 4, 5]) hear(member, p2a(slot, 'u'));
    expect(member.heldBytes).toBeGreaterThan(2_000);
    const held = member.heldBytes;
    for (const slot of [6, 7]) expect(hear(member, p2a(slot, 'u'))).toEqual([]);
    expect(member.heldBytes).toBe(held);
    // Near, a slot may wait for its vote.
    expect(persisted(hear(member, p2a(0, 'u')))).toHaveLength(1);
    hear(member, learned(...[0, 1, 2, 3, 4, 5].map((slot) => pvalue('1.b', slot, 'u'))));
    for (let i = 0; i < 10; i++) member.step({ type: 'perform' });
    expect(member.slotOut).toBe(6);
    member.step({ type: 'flushed', slotOut: 6 });
    expect(member.heldBytes).toBe(0);
    expect(persisted(hear(member, p2a(9, 'u')))).toHaveLength(1);
  });
});

/** The only voter, which leads; d learns. */
function leading(): Member {
  const lists = { number: 0, from: 0, voters: ['a'], learners: ['d'], window: 4 };
  const configurations = new Configurations([lists]);
  const packing = { batchBytes: 1024, pipeline: 3, applyBytes: 4096, heldBytes: 1 << 20 };
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

test('while its history is disputed no read is served, also none that a quorum has answered', () => {
  const member = voter();
  const served = (effects: readonly Effect[]): number[] =>
    effects.flatMap((effect) => (effect.type === 'readable' ? [effect.read] : []));
  const [probe] = sent(member.step({ type: 'read', read: 1 }), 'probe');
  if (probe === undefined) throw new Error('nobody was asked');
  const { of, number } = probe.message;
  expect(served(hear(member, { type: 'probed', of, number, end: 1 }))).toEqual([]);
  member.step({ type: 'dispute', isOpen: true });
  const decided = hear(member, { type: 'decision', ...pvalue('1.b', 0, 'zero') });
  expect([applied(decided), served(decided)]).toEqual([[0], []]);
  member.step({ type: 'dispute', isOpen: false });
  expect(served(member.step(tick))).toEqual([1]);
});
