import { Pace } from '../../../node/src/paxos/pace.ts';
import { ballot } from './samples.ts';

const LONGEST = 1_000;
const at = ballot('1.a');
const others = ['b', 'c'];
const all = [['a', ...others]];
let pace: Pace;

beforeEach(() => {
  pace = new Pace(LONGEST);
});

function pass(ticks: number, write = 0): void {
  for (let i = 0; i < ticks; i++) pace.tick(write);
}

/** Every voter answers phase 1 after so many ticks. */
function phaseOne(ticks: number, of = at): void {
  pace.asked(['a', ...others], of);
  pass(ticks);
  for (const voter of ['a', ...others]) pace.answered(voter, of);
}

test('where nothing was slow, phase 1 is given no time of its own', () => {
  expect(pace.phaseOne(all)).toBe(0);
  phaseOne(0);
  expect(pace.phaseOne(all)).toBe(0);
});

test('phase 1 takes two writes, each of which may wait for one before it', () => {
  pass(1, 50);
  expect(pace.phaseOne(all)).toBe(200);
});

test('what a quorum took counts twice, and what is slower than a quorum not at all', () => {
  pace.asked(['a', ...others], at);
  pass(10);
  pace.answered('a', at);
  pass(20);
  pace.answered('b', at);
  pass(400);
  pace.answered('c', at);
  expect(pace.phaseOne(all)).toBe(60);
  expect(pace.phaseOne([...all, ['c']])).toBe(860);
});

test('it is bounded, and comes down again with each answer that comes sooner', () => {
  phaseOne(5_000);
  expect(pace.phaseOne(all)).toBe(LONGEST);
  for (let round = 2; round < 100; round++) phaseOne(1, { ...at, round });
  expect(pace.phaseOne(all)).toBeLessThan(4);
});

test('how slow phase 1 was is forgotten after a while: nothing else tells that it is not any more', () => {
  phaseOne(5_000);
  pass(2 * LONGEST);
  expect(pace.phaseOne(all)).toBe(LONGEST);
  pass(1);
  expect(pace.phaseOne(all)).toBe(0);
  phaseOne(10, { ...at, round: 2 });
  expect(pace.phaseOne(all)).toBe(20);
});

test('an answer to an earlier ballot, that comes late, tells how slow the others are', () => {
  pace.asked(others, at);
  pass(60);
  pace.asked(others, { ...at, round: 2 });
  pass(60);
  for (const voter of others) pace.answered(voter, at);
  expect(pace.phaseOne(all)).toBe(240);
});

test('a disk is clearly better when it takes no more than a quarter', () => {
  phaseOne(25);
  expect(pace.isQuicker('b', 99)).toBe(false);
  expect(pace.isQuicker('b', 100)).toBe(true);
});

test('phase 2 says more of a disk than phase 1, which has the own write in it, too', () => {
  phaseOne(25);
  pace.asked(others, at, 0);
  pass(5);
  pace.answered('b', at, 0);
  expect(pace.isQuicker('b', 20)).toBe(true);
});

test('a voter that was never measured is not better, and none that has not answered by now', () => {
  expect(pace.isQuicker('b', 1_000_000)).toBe(false);
  phaseOne(0);
  pace.asked(others, at, 0);
  pass(50);
  expect(pace.isQuicker('b', 100)).toBe(false);
});

test('an answer to what was asked later ends the wait for one that was lost, and measures nothing', () => {
  phaseOne(0);
  pace.asked(others, at, 0);
  pass(50);
  pace.asked(others, at, 1);
  pace.answered('b', at, 1);
  expect(pace.isQuicker('b', 60)).toBe(true);
  expect(pace.isQuicker('c', 60)).toBe(false);
});

test('who resigns waits for no answer any more', () => {
  phaseOne(0);
  pace.asked(others, at, 0);
  pass(50);
  pace.resigned();
  expect(pace.isQuicker('b', 60)).toBe(true);
});

test('what a voter was asked before the own write began says nothing: all may be slow since', () => {
  phaseOne(0);
  pass(100);
  expect(pace.isQuicker('b', 100)).toBe(false);
  expect(pace.isQuicker('b', 101)).toBe(true);
  pace.asked(others, at, 0);
  pace.answered('b', at, 0);
  expect(pace.isQuicker('b', 50)).toBe(true);
});
