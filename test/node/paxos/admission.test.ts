import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import type { LogEnd } from '../../../node/src/paxos/log-end.ts';
import { Member, type MemberInit } from '../../../node/src/paxos/member.ts';
import type { CoreMessage, Testimony } from '../../../node/src/paxos/messages.ts';
import { ballot, end, machine, nothing, sent, timing, value } from './samples.ts';

/** How far the log of `a` went when it was opened, in its third run. */
const own = end(50, 3);
const tick = { type: 'tick', random: 0.5 } as const;

function member(voters: readonly string[], init: Partial<MemberInit> = {}): Member {
  return new Member({
    self: 'a',
    configurations: new Configurations([firstConfiguration(voters, 4)]),
    mode: 'stable',
    timing,
    packing: { batchBytes: 1024, pipeline: 3, applyBytes: 4096, heldBytes: 1 << 20 },
    recovered: nothing,
    end: own,
    heard: {},
    machine,
    ...init,
  });
}

function pass(of: Member, ticks: number): Effect[] {
  return Array.from({ length: ticks }, () => of.step(tick)).flat();
}

function hear(of: Member, from: string, message: CoreMessage, at: LogEnd = end(9)): Effect[] {
  return of.step({ type: 'message', from, message, end: at });
}

const testimony = (over: Partial<Testimony> = {}): Testimony => {
  return { type: 'testimony', of: own.incarnation, sequence: 0, ...over };
};
const p1a = { type: 'p1a', ballot: ballot('5.b'), from: 0 } as const;
const isVote = (effects: readonly Effect[]): boolean =>
  effects.some(
    (effect) =>
      effect.type === 'persist' || (effect.type === 'send' && effect.message.type === 'p1b'),
  );
const expulsion = (effects: readonly Effect[]): unknown =>
  effects.find(({ type }) => type === 'expelled');

test('before others have said what they remember of it, a member has no vote, and never leads', () => {
  const asking = member(['a', 'b', 'c']);
  const effects = pass(asking, 3 * timing.election);
  expect(sent(effects, 'question')[0]?.to).toEqual(['b', 'c']);
  expect(effects.filter(({ type }) => type === 'persist')).toEqual([]);
  expect(isVote(hear(asking, 'b', p1a))).toBe(false);
  expect(asking.mayVote).toBe(false);
  // It says nothing that is counted.
  const heartbeat = { type: 'heartbeat', ballot: ballot('5.b'), slotOut: 0 } as const;
  expect(sent(hear(asking, 'b', heartbeat), 'alive')).toEqual([]);
  expect(asking.leader).toBe('b');
});

test('"nothing" admits: one of three is enough, after the time of a heartbeat for the other', () => {
  const asking = member(['a', 'b', 'c']);
  pass(asking, 1);
  hear(asking, 'b', testimony());
  expect(asking.mayVote).toBe(false);
  pass(asking, timing.heartbeat);
  expect(asking.mayVote).toBe(true);
  expect(isVote(hear(asking, 'b', p1a))).toBe(true);
});

test('both of three admit at once', () => {
  const asking = member(['a', 'b', 'c']);
  hear(asking, 'b', testimony());
  hear(asking, 'c', testimony());
  expect(asking.mayVote).toBe(true);
});

test('of five, one is not enough, and neither are strangers', () => {
  const asking = member(['a', 'b', 'c', 'd', 'e']);
  for (const from of ['b', 'b', 'stranger', 'x']) hear(asking, from, testimony());
  pass(asking, 2 * timing.heartbeat);
  expect(asking.mayVote).toBe(false);
  hear(asking, 'd', testimony());
  expect(asking.mayVote).toBe(true);
});

test('a single voter asks nobody', () => {
  const alone = member(['a']);
  pass(alone, 1);
  expect(alone.mayVote).toBe(true);
});

/** The witness outside says what it remembers. */
function hearOutside(of: Member, over: Partial<Testimony> = {}): Effect[] {
  return of.step({ type: 'testimony', testimony: testimony(over) });
}

test('a witness outside is asked with the others, and waited for no longer than for the last one', () => {
  const asking = member(['a', 'b', 'c'], { asksOutside: true });
  expect(pass(asking, 1)).toContainEqual({ type: 'ask-outside' });
  for (const from of ['b', 'c']) hear(asking, from, testimony());
  expect(asking.mayVote).toBe(false);
  pass(asking, timing.heartbeat);
  expect(asking.mayVote).toBe(true);
  expect(pass(asking, 100)).not.toContainEqual({ type: 'ask-outside' });
});

test('its word admits where all have answered, and is no voter of the quorum', () => {
  const asking = member(['a', 'b', 'c'], { asksOutside: true });
  hearOutside(asking);
  pass(asking, 2 * timing.heartbeat);
  expect(asking.mayVote).toBe(false);
  hear(asking, 'b', testimony());
  expect(asking.mayVote).toBe(true);
});

test('a single voter asks it, and goes on without an answer', () => {
  const alone = member(['a'], { asksOutside: true });
  pass(alone, 1);
  expect(alone.mayVote).toBe(false);
  pass(alone, timing.heartbeat);
  expect(alone.mayVote).toBe(true);
});

test('that a log ends before its own word counts from a witness outside, also when it comes late', () => {
  const behind = { why: 'behind', by: 'the operator', said: 51, sequence: 50, hasVoted: false };
  const asking = member(['a'], { asksOutside: true });
  expect(expulsion(hearOutside(asking, { sequence: 51 }))).toMatchObject({ expulsion: behind });
  const late = member(['a'], { asksOutside: true });
  pass(late, 2 * timing.heartbeat);
  expect(late.mayVote).toBe(true);
  // It has a vote by then: its data may have what is nowhere else.
  const voted = { ...behind, hasVoted: true };
  expect(expulsion(hearOutside(late, { sequence: 51 }))).toMatchObject({ expulsion: voted });
  expect(pass(late, 10)).toEqual([]);
});

test('a learner asks, too: it may be a voter that does not know it yet', () => {
  const asking = member(['b', 'c', 'd']);
  pass(asking, 2 * timing.heartbeat);
  expect(isVote(hear(asking, 'b', p1a))).toBe(false);
  hear(asking, 'b', testimony());
  hear(asking, 'c', testimony());
  expect(asking.mayVote).toBe(true);
});

test('an answer to an earlier run of it means nothing', () => {
  const asking = member(['a', 'b', 'c']);
  for (const from of ['b', 'c']) hear(asking, from, testimony({ of: end(1, 2).incarnation }));
  pass(asking, 2 * timing.heartbeat);
  expect(asking.mayVote).toBe(false);
});

test('a log that ends before its own word is noticed, and the member does nothing any more', () => {
  const behind = member(['a', 'b', 'c']);
  expect(expulsion(hear(behind, 'b', testimony({ sequence: 51 })))).toEqual({
    type: 'expelled',
    expulsion: { why: 'behind', by: 'b', said: 51, sequence: 50, hasVoted: false },
  });
  expect(pass(behind, 200)).toEqual([]);
  expect(hear(behind, 'c', p1a)).toEqual([]);
});

test('one that ends right there, or after it, is well', () => {
  const well = member(['a', 'b', 'c']);
  hear(well, 'b', testimony({ sequence: 50 }));
  hear(well, 'c', testimony({ sequence: 3 }));
  expect(well.mayVote).toBe(true);
});

test('a later run of it was heard: this disk is an older copy', () => {
  const old = member(['a', 'b', 'c']);
  const latest = end(1, 4).incarnation;
  const effects = hear(old, 'b', testimony({ latest, sequence: 10 }));
  expect(expulsion(effects)).toMatchObject({ expulsion: { why: 'another', by: 'b' } });
});

/** Two others have said that they remember nothing. */
function admitted(): Member {
  const of = member(['a', 'b', 'c']);
  hear(of, 'b', testimony());
  hear(of, 'c', testimony());
  return of;
}

test('a message of the own id, of a later run or one with the same number, tells of a twin', () => {
  for (const twin of [end(1, 4), end(1, 3, 99)]) {
    const effects = hear(admitted(), 'a', p1a, twin);
    expect(expulsion(effects)).toMatchObject({ expulsion: { why: 'another', by: 'a' } });
  }
});

test('what an earlier run of it had sent may come at any time, again and again: it is dropped', () => {
  const running = admitted();
  const dropped = { type: 'dropped', from: 'a', why: 'outlived' };
  for (let i = 0; i < 3; i++) {
    expect(hear(running, 'a', p1a, end(own.sequence, 2))).toEqual([dropped]);
    pass(running, 10 * timing.election);
  }
  expect(running.mayVote).toBe(true);
});

test('an earlier run of it that had a longer log tells that this one works on an older copy', () => {
  const longer = end(own.sequence + 1, 2);
  expect(expulsion(hear(admitted(), 'a', p1a, longer))).toMatchObject({
    expulsion: { why: 'behind', by: 'a', said: own.sequence + 1, sequence: own.sequence },
  });
});

test('what others are told of another run of it is evidence, too', () => {
  const of = end(1, 4).incarnation;
  expect(expulsion(hear(admitted(), 'b', testimony({ of })))).toBeDefined();
  const heartbeat = { type: 'heartbeat', ballot: ballot('5.b'), slotOut: 0 } as const;
  const ends = { a: end(1, 4) };
  expect(expulsion(hear(admitted(), 'b', { ...heartbeat, ends }))).toBeDefined();
  const older = { a: end(900, 2) };
  expect(expulsion(hear(admitted(), 'b', { ...heartbeat, ends: older }))).toBeUndefined();
});

test('a vote of a run that is outlived, or of one of two, is dropped, and it is told', () => {
  const running = admitted();
  const vote = { type: 'p1b', ballot: ballot('1.a'), from: 0, forgotten: 0, pvalues: [] } as const;
  hear(running, 'b', vote, end(20, 5));
  const late = hear(running, 'b', vote, end(30, 4));
  expect(late[0]).toEqual({ type: 'dropped', from: 'b', why: 'outlived' });
  expect(sent(late, 'testimony')[0]).toMatchObject({
    to: ['b'],
    message: { of: end(30, 4).incarnation, latest: end(20, 5).incarnation, sequence: 30 },
  });
  // The later run, too: it works on a copy if it has not what this one had.
  expect(sent(late, 'testimony')[1]).toMatchObject({
    to: ['b'],
    message: { of: end(20, 5).incarnation, sequence: 30 },
  });
  expect(hear(running, 'b', vote, end(20, 5, 99))[0]).toMatchObject({ why: 'twins' });
});

test('what a stranger says of this member, or of others, counts for nothing', () => {
  const latest = end(1, 9).incarnation;
  const running = admitted();
  const [dropped, ...rest] = hear(running, 'stranger', testimony({ latest }));
  expect(dropped).toEqual({ type: 'dropped', from: 'stranger', why: 'unknown-member' });
  expect(rest).toEqual([]);
  const before = running.heard;
  for (let n = 0; n < 100; n++) hear(running, `stranger${n}`, { type: 'question' }, end(n, 1));
  const ends = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x${n}`, end(n)]));
  hear(running, 'b', { type: 'heartbeat', ballot: ballot('5.b'), slotOut: 0, ends });
  expect(Object.keys(running.heard)).toEqual(Object.keys(before));
  // Neither of runs that are said to be later, nor of logs that are said to go farther.
  const made = { a: end(1, 9), b: end(2 ** 50), c: end(1, 9) };
  const lie = {
    type: 'heartbeat',
    ballot: ballot('5.x'),
    slotOut: 0,
    floor: 0,
    ends: made,
  } as const;
  expect(hear(running, 'stranger', lie).map(({ type }) => type)).toEqual(['send']);
  expect(running.heard).toEqual(before);
  expect(hear(running, 'b', { ...lie, ends: { a: end(1, 9) } }).at(-1)?.type).toBe('expelled');
});

test('who is not admitted hears also from strangers that there is a later run of it', () => {
  const joining = member(['a', 'b', 'c']);
  const ends = { a: end(1, 9), b: end(2 ** 50) };
  const heartbeat = { type: 'heartbeat', ballot: ballot('5.x'), slotOut: 0, ends } as const;
  const before = joining.heard;
  expect(hear(joining, 'stranger', heartbeat).at(-1)?.type).toBe('expelled');
  expect(joining.heard).toEqual(before);
});

test('nobody but members has a proposal proposed', () => {
  const propose = { type: 'propose', slot: 3, value: [] } as const;
  expect(hear(admitted(), 'stranger', propose)).toEqual([
    { type: 'dropped', from: 'stranger', why: 'unknown-member' },
  ]);
  expect(hear(admitted(), 'b', { ...propose, slot: 2 ** 40 })).toEqual([
    { type: 'dropped', from: 'b', why: 'implausible' },
  ]);
});

test('who is expelled speaks a last time: others hear how far its log went', () => {
  const latest = end(1, 9).incarnation;
  const effects = hear(admitted(), 'b', testimony({ latest }));
  const at = effects.findIndex(({ type }) => type === 'expelled');
  expect(sent(effects.slice(0, at), 'question')).toEqual([
    { to: ['b', 'c'], message: { type: 'question' } },
  ]);
});

test('a question is answered, also by who may not vote yet', () => {
  const asking = member(['a', 'b', 'c'], { heard: { b: end(77, 2) } });
  const [answer] = sent(hear(asking, 'b', { type: 'question' }, end(60, 3)), 'testimony');
  expect(answer).toEqual({
    to: ['b'],
    message: { type: 'testimony', of: end(60, 3).incarnation, sequence: 77 },
  });
});

test("the leader's heartbeat carries how far it heard that the others' logs go", () => {
  const leading = admitted();
  hear(leading, 'b', testimony(), end(31, 2));
  const [command] = value('x');
  leading.step({ type: 'request', commands: command === undefined ? [] : [command] });
  hear(leading, 'b', { type: 'hand-over', ballot: ballot('1.b') }, end(32, 2));
  const p1b = { type: 'p1b', ballot: ballot('2.a'), from: 0, forgotten: 0, pvalues: [] } as const;
  leading.step({ type: 'message', from: 'a', message: p1b });
  const [heartbeat] = sent(hear(leading, 'b', p1b, end(33, 2)), 'heartbeat');
  expect(heartbeat?.message.ends).toEqual({ b: { ...end(33, 2), before: 9 }, c: end(9) });
  const follower = admitted();
  if (heartbeat !== undefined) hear(follower, 'c', heartbeat.message);
  expect(follower.heard).toMatchObject({ b: end(33, 2) });
});

test('nobody votes, leads or answers while it is not known whose history is right', () => {
  const disputed = admitted();
  expect(isVote(hear(disputed, 'b', p1a))).toBe(true);
  disputed.step({ type: 'dispute', isOpen: true });
  const p2a = { type: 'p2a', ballot: ballot('5.b'), slot: 0, value: [], decided: [] } as const;
  expect(hear(disputed, 'b', p2a)).toEqual([]);
  expect(hear(disputed, 'b', { type: 'learn', from: 0 })).toEqual([]);
  disputed.step({ type: 'dispute', isOpen: false });
  expect(sent(hear(disputed, 'b', p2a), 'p2b')).toHaveLength(1);
});
