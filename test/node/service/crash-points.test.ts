import type { Effect } from '../../../node/src/paxos/effects.ts';
import type { CoreMessage } from '../../../node/src/paxos/messages.ts';
import { CrashPoints, type CrashPoint } from '../../../node/src/service/crash-points.ts';
import { ballot, value } from '../paxos/samples.ts';

const OWN = 'own';
const at = ballot('1.a');

function armed(...points: CrashPoint[]): CrashPoints {
  const crashPoints = new CrashPoints((command) => Buffer.from(command).toString() === OWN);
  for (const point of points) crashPoints.arm(point);
  return crashPoints;
}

function send(message: CoreMessage, ...to: string[]): Effect {
  return { type: 'send', to, message };
}

const p1a: CoreMessage = { type: 'p1a', ballot: at, from: 0 };
const p2b: CoreMessage = { type: 'p2b', ballot: at, slot: 1 };
const p2a = (text: string): CoreMessage => ({
  type: 'p2a',
  ballot: at,
  slot: 1,
  value: value(text),
  decided: [],
});
const decision = (text: string): CoreMessage => ({
  type: 'decision',
  ballot: at,
  slot: 1,
  value: value(text),
});
const accepted: Effect = {
  type: 'persist',
  record: { type: 'accepted', ballot: at, slot: 1, value: value(OWN) },
};
const mark: Effect = { type: 'persist', record: { type: 'decided-mark', slot: 1 } };

test('nothing armed, nothing changed', () => {
  const effects = [mark, send(p2b, 'b')];
  expect(armed().filter(effects)).toEqual({ effects, crash: false });
});

test('after a p2b: it leaves, what follows does not, and what is to be remembered is', () => {
  const { filter } = armed({ at: 'after-p2b' });
  const effects = [accepted, send(p2b, 'b'), send(p1a, 'c'), mark];
  expect(filter(effects)).toEqual({ effects: [accepted, send(p2b, 'b'), mark], crash: true });
});

test.each<['p2a' | 'decision', (text: string) => CoreMessage]>([
  ['p2a', p2a],
  ['decision', decision],
])('a %s reaches those alone that it may, and only one with an own message fires', (kind, make) => {
  const { filter } = armed({ at: kind, reached: ['c'] });
  const others = [send(make('of another'), 'b', 'c')];
  expect(filter(others)).toEqual({ effects: others, crash: false });
  expect(filter([send(make(OWN), 'b', 'c')])).toEqual({
    effects: [send(make(OWN), 'c')],
    crash: true,
  });
});

test('at a p1a the own acceptor counts as reached: it remembers the ballot', () => {
  const { filter } = armed({ at: 'p1a', reached: [] });
  expect(filter([send(p1a, 'b', 'c')])).toEqual({
    effects: [send(p1a), { type: 'persist', record: { type: 'ballot', ballot: at } }],
    crash: true,
  });
});

test('once fired, it lets out nothing more', () => {
  const { filter } = armed({ at: 'after-p2b' });
  filter([send(p2b, 'b')]);
  expect(filter([send(p2b, 'b'), mark])).toEqual({ effects: [], crash: false });
});

test('a point that is not of this message waits for its own', () => {
  const { filter } = armed({ at: 'after-p1b' }, { at: 'after-p2b' });
  expect(filter([send(p1a, 'b')]).crash).toBe(false);
  expect(filter([send(p2b, 'b')]).crash).toBe(true);
});
