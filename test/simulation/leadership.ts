import assert from 'node:assert/strict';
import {
  calmPlan,
  SLOW_DISK_MS,
  type Fault,
  type FaultKind,
  type Plan,
  type Request,
} from './plan.ts';
import type { Tamper } from './simulated-network.ts';
import { simulate, type Report } from './simulation.ts';
import { Trace } from './trace/trace.ts';

/*
 * What stable leadership promises: who leads goes on to lead, whatever others go through; who is
 * of no use makes room. Seeds cannot tell, as a duel breaks no invariant: these runs can.
 */

/** An add every so often: ten a second. */
function steadily(forMs: number, everyMs = 100): Request[] {
  return Array.from({ length: forMs / everyMs }, (_, i) => ({
    at: 1_000 + everyMs * i,
    client: i % 2,
    operation: { type: 'add', register: 'a', delta: 1 },
  }));
}

const plan: Plan = { ...calmPlan, mode: 'liveness', requests: steadily(20_000), forMs: 22_000 };
const calm: Plan = { ...plan, requests: [], mode: 'safety' };

interface Reign {
  readonly member: string;
  readonly from: number;
  readonly to: number;
}

interface Story {
  readonly report: Report;
  readonly reigns: readonly Reign[];
  /** When slots were decided. */
  readonly decidedAt: readonly number[];
  /** When answers left for clients. */
  readonly answeredAt: readonly number[];
}

/** Runs it, and tells who led, from when to when. */
function tell(of: Plan, tamper?: Tamper): Story {
  const trace = new Trace();
  const report = simulate(of, tamper === undefined ? { trace } : { trace, tamper });
  const reigns: Reign[] = [];
  const open = new Map<string, number>();
  const close = (member: string, to: number): void => {
    const from = open.get(member);
    if (from !== undefined) reigns.push({ member, from, to });
    open.delete(member);
  };
  for (const event of trace.events) {
    if (event.type !== 'end' && event.type !== 'lead') continue;
    close(event.member, event.at);
    if (event.type === 'lead' && event.ballot !== undefined) open.set(event.member, event.at);
  }
  for (const member of open.keys()) close(member, report.simulatedMs);
  const decidedAt = trace.events.filter(({ type }) => type === 'decide').map(({ at }) => at);
  const answers = trace.events.filter((event) => {
    return event.type === 'call' && event.label.startsWith('answer');
  });
  const answeredAt = answers.map(({ at }) => at);
  return { report, reigns: reigns.sort((a, b) => a.from - b.from), decidedAt, answeredAt };
}

const allAnswered = ({ report }: Story): void => {
  assert.equal(report.failure?.message, undefined);
  assert.equal(report.answered, report.plan.requests.length);
};
const oneLeader = (story: Story): void => {
  assert.equal(story.reigns.length, 1, 'one leader');
  allAnswered(story);
};
/** The first leader was gone, and the second one there, so soon after `at`. */
const twoLeaders = (story: Story, at: number, goneMs: number, gapMs: number): void => {
  const [first, second, ...more] = story.reigns;
  assert.deepEqual(more, []);
  assert.ok(first && second && first.member !== second.member, 'two leaders');
  assert.ok(first.to < at + goneMs, `the first one led until ${first.to}`);
  assert.ok(second.from < at + gapMs, `the second one led from ${second.from}`);
  allAnswered(story);
};

const numberOf = (member: string): number => Number(member.slice(1));
const leader = (of: Plan = calm): string =>
  tell({ ...of, requests: [], forMs: 1_500 }).reigns[0]?.member ?? '';
const follower = (): number => (numberOf(leader()) + 1) % 3;
const every = (ms: number, fault: Omit<Fault, 'at'>): Fault[] =>
  Array.from({ length: Math.floor(18_000 / ms) }, (_, i) => ({ ...fault, at: 2_000 + ms * i }));
const toLeader = (kind: FaultKind, luck = 0): Plan => ({
  ...plan,
  faults: [{ kind, at: 5_000, member: 'leader', forMs: 8_000, luck }],
});

/** From `at` to the end each write of each disk takes so long. */
const slow = (ms: number, at = 0, forMs = Infinity): Fault => {
  const luck = ((ms / SLOW_DISK_MS - 1 / 6) * 6) / 5;
  return { kind: 'slow-disks', at, member: 0, forMs: forMs / 5, luck };
};
/** Clients have no more than six commands open, and write all the time. */
const slowed = (forMs: number, ...faults: Fault[]): Plan => {
  return { ...plan, mode: 'safety', requests: steadily(forMs), forMs, faults };
};

const disturbances = ['kill', 'pause', 'cut-off', 'cut-off-one-way', 'power-cut', 'stalled-disk'];

/** Each throws when the promise that its name says is broken. */
export const promises: Readonly<Record<string, () => void>> = {
  'an hour of calm has one leader': () => {
    const { reigns } = tell({ ...calm, forMs: 3_600_000 });
    assert.equal(reigns.length, 1);
    assert.ok((reigns[0]?.from ?? Infinity) < 1_000, 'it leads soon');
  },

  ...Object.fromEntries(
    [100, 1_000, 2_000, 5_000].map((ms) => [
      `where each write takes ${ms} ms, one leads on, and answers at the speed of the disks`,
      () => {
        const settledAt = 1_000 + 5 * ms;
        const forMs = settledAt + 20_000 + 10 * ms;
        const { report, reigns, answeredAt } = tell(slowed(forMs, slow(ms)));
        assert.equal(report.failure?.message, undefined);
        const [last] = reigns.slice(-1);
        assert.ok(last && last.from < settledAt && last.to === report.simulatedMs, 'one leads on');
        const answers = answeredAt.filter((at) => at > settledAt).length;
        // Each takes two writes, as it may come during one; ten a second are asked for.
        const most = (forMs - settledAt) * Math.min(10 / 1_000, 6 / (2 * ms));
        assert.ok(answers > most / 2, `${answers} answers`);
      },
    ]),
  ),

  'disks that become slow, all of them, are no reason to hand over': () => {
    for (const ms of [1_000, 3_000]) {
      const { reigns } = tell(slowed(40_000, slow(ms, 5_000)));
      assert.equal(reigns.length, 1);
    }
  },

  'disks that become slow, all of them, when only the leader has something to write, are none':
    () => {
      const requests = steadily(4_000, 2_000);
      for (let at = 3_000; at < 3_060; at += 5) {
        const { reigns } = tell({ ...slowed(15_000, slow(3_000, at)), requests });
        assert.equal(reigns.length, 1, `slow from ${at} on`);
      }
    },

  'a leader that is killed where each write takes seconds is followed by one, once': () => {
    const at = 100_000;
    const killed: Fault = { kind: 'kill', at, member: 'leader', forMs: 5_000, luck: 0 };
    for (const ms of [1_000, 5_000]) {
      for (const seed of [1, 2]) {
        const { reigns } = tell({ ...slowed(at + 12 * ms, slow(ms), killed), seed });
        const [next, ...more] = reigns.filter(({ from }) => from > at);
        // Four writes as a rule; of 144 seeds none took seven.
        assert.ok(next && next.from < at + 7 * ms && more.length === 0, 'one follows');
      }
    }
  },

  'when disks were slow, and are not any more, a silent leader is replaced as soon as ever': () => {
    const at = 45_000;
    const silent: Fault = { kind: 'cut-off', at, member: 'leader', forMs: 10_000, luck: 0 };
    const { reigns } = tell(slowed(60_000, slow(3_000, 0, 30_000), silent));
    const [next, ...more] = reigns.filter(({ from }) => from > at);
    assert.ok(next && next.from < at + 2_000 && more.length === 0, 'another one leads');
  },

  '… also when the one who was to lead next stands still in phase 1': () => {
    const at = 90_000;
    const next = follower();
    const faults: Fault[] = [
      slow(5_000, 0, 40_000),
      { kind: 'hand-over', at, member: 'leader', forMs: 0, luck: 0 },
    ];
    for (let later = 2; later <= 10; later += 2) {
      const pause: Fault = { kind: 'pause', at: at + later, member: next, forMs: 30_000, luck: 0 };
      const of = slowed(115_000, ...faults, pause);
      const { answeredAt } = tell(of);
      assert.ok(
        answeredAt.some((time) => time > at + 100 && time < at + 2_500),
        'all go on soon',
      );
    }
  },

  ...Object.fromEntries(
    disturbances.map((kind) => [
      `a follower with a ${kind} again and again does not disturb the leader`,
      () => {
        const member = follower();
        const faults = [0.2, 0.8].flatMap((luck) =>
          every(3_000, { kind: kind as FaultKind, member, forMs: 1_400, luck }),
        );
        oneLeader(tell({ ...plan, faults: faults.sort((a, b) => a.at - b.at) }));
      },
    ]),
  ),

  'a leader that is killed is followed within 300 ms: the network says that it is gone': () => {
    for (const at of [5_000, 5_025, 5_050, 5_075]) {
      const fault: Fault = { kind: 'kill', at, member: 'leader', forMs: 8_000, luck: 0 };
      twoLeaders(tell({ ...plan, faults: [fault] }), at, 1, 300);
      // Of five, more than one may ask for the others' support at once.
      twoLeaders(tell({ ...plan, members: 5, faults: [fault] }), at, 1, 300);
    }
  },

  'a leader that stands still for 400 ms is there, and leads on': () => {
    for (const member of ['leader', follower()] as const) {
      oneLeader(
        tell({ ...plan, faults: every(1_000, { kind: 'pause', member, forMs: 400, luck: 0 }) }),
      );
    }
  },

  'all are told all the time that the leader is gone: it leads on, as they hear it': () => {
    const rumour: Fault = { kind: 'rumour', at: 1_500, member: 'leader', forMs: 22_000, luck: 0 };
    oneLeader(tell({ ...plan, members: 5, faults: [rumour] }));
    oneLeader(tell({ ...plan, loss: 0.05, faults: [rumour] }));
  },

  'one member is told so, and does not hear it: without a quorum nothing follows': () => {
    const [first, apart] = [leader(), `n${follower()}`];
    const rumour: Fault = { kind: 'rumour', at: 1_500, member: 'leader', forMs: 22_000, luck: 0 };
    let heard = 0;
    const tamper: Tamper = (from, to) => {
      if (from !== first || to !== apart) return 'drawn';
      heard += 1;
      return heard > 20 ? 'lost' : 'drawn'; // It has heard who leads.
    };
    oneLeader(tell({ ...plan, requests: [], mode: 'safety', faults: [rumour] }, tamper));
  },

  'an isolated leader steps down, and the others have one before long': () => {
    twoLeaders(tell(toLeader('cut-off')), 5_000, 1_000, 2_000);
  },

  'a leader that hears nobody, though all hear it, makes room for another one': () => {
    twoLeaders(tell(toLeader('cut-off-one-way', 0.7)), 5_000, 1_000, 2_500);
  },

  'a leader whom nobody hears, though it hears all, makes room for another one': () => {
    twoLeaders(tell(toLeader('cut-off-one-way', 0.3)), 5_000, 1_000, 2_000);
  },

  'two followers never hear one another, and one leader stays': () => {
    const first = leader();
    oneLeader(tell(plan, (from, to) => (from !== first && to !== first ? 'lost' : 'drawn')));
  },

  'a leader that does not hear one whom others reach hands over to one who reaches all': () => {
    for (const members of [3, 5]) {
      const of = { ...plan, members };
      const apart = [leader({ ...calm, members }), `n${follower()}`];
      const isApart = (from: string, to: string): boolean =>
        from !== to && apart.includes(from) && apart.includes(to);
      for (const loss of [0, 0.05]) {
        const story = tell({ ...of, loss }, (from, to) => (isApart(from, to) ? 'lost' : 'drawn'));
        twoLeaders(story, 1_000, 8_000, 8_000);
        const [, second] = story.reigns;
        assert.ok(second && !apart.includes(second.member), 'it reaches all');
      }
    }
  },

  'who reaches all, and has a slow disk, is not handed the lead again and again': () => {
    const first = leader();
    const [apart, slowed] = [`n${follower()}`, 3 - numberOf(first) - follower()];
    // Its disk takes a second and a half for a write: so it hands over to one that lacks another.
    const stall: Fault = { kind: 'stalled-disk', at: 0, member: slowed, forMs: 1_450, luck: 0 };
    const faults = Array.from({ length: 40 }, (_, i) => ({ ...stall, at: 2_000 + 1_500 * i }));
    const pair = [first, apart];
    const of: Plan = { ...plan, mode: 'safety', requests: steadily(60_000), forMs: 62_000, faults };
    const { report, reigns } = tell(of, (from, to) =>
      from !== to && pair.includes(from) && pair.includes(to) ? 'lost' : 'drawn',
    );
    assert.equal(report.failure?.message, undefined);
    const times = reigns.filter(({ member }) => member === `n${slowed}`).length;
    assert.ok(times > 0 && times <= 4, `it led ${times} times in a minute`);
  },

  'a learner whom the leader does not hear, and others do, gets its vote all the same': () => {
    const first = leader();
    const resizes = [{ at: 8_000, voters: 5 }];
    const of = { ...plan, requests: steadily(28_000), forMs: 30_000, resizes };
    const isApart = (a: string, b: string): boolean => a === first && b === 'n3';
    const story = tell(of, (a, b) => (isApart(a, b) || isApart(b, a) ? 'lost' : 'drawn'));
    assert.equal(story.report.failure?.message, undefined);
    allAnswered(story);
  },

  'a voter that lags, and knows nobody whom it hears, is reached by one who joined later': () => {
    // n0 and n1 are removed; then n2 hears n5 alone, who comes after that.
    const resizes = [
      { at: 8_000, voters: 5 },
      { at: 25_000, voters: 3 },
      { at: 40_000, voters: 4 },
    ];
    const of = { ...plan, seed: 1, members: 5, requests: steadily(58_000), forMs: 60_000, resizes };
    const isApart = (a: string, b: string): boolean => a === 'n2' && ['n3', 'n4'].includes(b);
    const story = tell(of, (a, b) => (isApart(a, b) || isApart(b, a) ? 'lost' : 'drawn'));
    assert.equal(story.reigns.at(-1)?.member, 'n5');
    allAnswered(story);
  },

  'five members of which each hears two others have no ballots without end': () => {
    const isNear = (a: number, b: number): boolean => [1, 4].includes((a - b + 5) % 5);
    const story = tell({ ...plan, members: 5 }, (from, to) =>
      isNear(numberOf(from), numberOf(to)) ? 'drawn' : 'lost',
    );
    assert.ok(story.reigns.length <= 2, `${story.reigns.length} leaders`);
    allAnswered(story);
  },

  'a hand-over leaves no leader for less than 50 ms': () => {
    const fault = { kind: 'hand-over', member: 'leader', forMs: 0, luck: 0 } as const;
    const story = tell({ ...plan, faults: every(1_000, fault) });
    assert.equal(story.reigns.length, 19);
    for (const [i, { to }] of story.reigns.slice(0, -1).entries()) {
      const gap = (story.reigns[i + 1]?.from ?? Infinity) - to;
      assert.ok(gap < 50, `${gap} ms without a leader`);
    }
    allAnswered(story);
  },

  'who slept through two changes leads in neither of them without phase 1 there': () => {
    const fault = (kind: FaultKind, member: number, at: number, forMs: number): Fault => {
      return { kind, at, member, forMs, luck: 0 };
    };
    // One is down while n3 and n4 join; then it has one other, a quorum of what it knows.
    const sleeper = follower();
    const away = [numberOf(leader()), 3, 4].map((each) => fault('pause', each, 8_400, 3_000));
    const faults = [fault('kill', sleeper, 2_500, 6_000), ...away];
    const resizes = [{ at: 3_000, voters: 5 }];
    const story = tell({ ...plan, window: 5, resizes, faults });
    const isLate = ({ member, from }: Reign): boolean => member === `n${sleeper}` && from > 8_400;
    assert.ok(story.reigns.some(isLate), 'the sleeper leads');
    allAnswered(story);
  },

  'a voter whose disk was wiped has no vote when it comes back, whichever two had decided': () => {
    const first = numberOf(leader());
    const followers = [0, 1, 2].filter((member) => member !== first);
    for (const away of followers) {
      for (const wiped of [0, 1, 2].filter((member) => member !== away)) {
        // Two decide without the third; then one of them is wiped, and only the third is there.
        const other = 3 - away - wiped;
        const faults: Fault[] = [
          { kind: 'cut-off', at: 3_000, member: away, forMs: 3_000, luck: 0 },
          { kind: 'wipe', at: 6_000, member: wiped, forMs: 50, luck: 0 },
          { kind: 'cut-off', at: 6_001, member: other, forMs: 4_000, luck: 0 },
        ];
        const story = tell({ ...plan, faults });
        const isAlone = (at: number): boolean => at > 6_100 && at < 10_000;
        assert.equal(story.report.faults.get('wipe'), 1, 'it was wiped');
        assert.deepEqual(story.decidedAt.filter(isAlone), []);
        assert.ok(story.report.transfers + story.report.changes > 0, 'it was replaced');
        allAnswered(story);
      }
    }
  },

  'who took the state of another tells nobody what it had merely accepted before': () => {
    // A leader accepts what nobody else does, is away until the logs have gone on without it, and
    // takes a state; then one comes back that was away from the same time on, and has it to ask.
    const large = { ...plan, members: 5, keepBytes: 96 * 1024 };
    const first = leader({ ...large, mode: 'safety' });
    const asker = (numberOf(first) + 1) % 5;
    const faults: Fault[] = [
      { kind: 'kill', at: 4_980, member: asker, forMs: 4_400, luck: 0 },
      { kind: 'cut-off', at: 5_000, member: numberOf(first), forMs: 4_000, luck: 0 },
    ];
    const requests = steadily(10_000, 10);
    const story = tell({ ...large, requests, forMs: 12_000, faults }, (from, to, messages) => {
      const isAnswer = messages.some(({ type }) => type === 'learned');
      return isAnswer && to === `n${asker}` && from !== first ? 'lost' : 'drawn';
    });
    assert.ok(story.report.transfers > 1, 'states were taken');
    allAnswered(story);
  },

  'who gets no more of a state goes to another member for it': () => {
    const away: Fault = { kind: 'kill', at: 2_500, member: follower(), forMs: 3_000, luck: 0 };
    const of = { ...plan, keepBytes: 0, requests: steadily(4_000, 20), forMs: 6_000 };
    let silent: string | undefined;
    const story = tell({ ...of, faults: [away] }, (from, _to, messages) => {
      const isEnd = messages.some((message) => message.type === 'chunk' && message.isLast);
      if (isEnd) silent ??= from;
      return isEnd && from === silent ? 'lost' : 'drawn';
    });
    assert.ok(silent !== undefined && story.report.transfers > 0, 'a state was taken');
    allAnswered(story);
  },

  'who was to take a state of a member that is gone takes it of the leader': () => {
    const away = follower();
    const [first, gone] = [leader(), `n${3 - away - numberOf(leader())}`];
    const kill: Fault = { kind: 'kill', at: 2_500, member: away, forMs: 3_000, luck: 0 };
    const of = { ...plan, keepBytes: 0, requests: steadily(4_000, 20), forMs: 6_000 };
    let asked = 0;
    const story = tell({ ...of, faults: [kill] }, (from, to, messages) => {
      const has = (type: string): boolean => messages.some((message) => message.type === type);
      if (to === gone && has('fetch')) asked += 1;
      // The leader speaks of its state only after the other one, who then is not there any more.
      const isSilent = has('learned') && from === (asked > 0 ? gone : first);
      const isCutOff = isSilent && to === `n${away}`;
      return isCutOff || (to === gone && has('fetch')) ? 'lost' : 'drawn';
    });
    assert.ok(asked > 0 && story.report.transfers > 0, 'a state was taken, of the leader');
    allAnswered(story);
  },

  'who joins when all the first members are gone learns from those whom it hears': () => {
    const resizes = [
      { at: 2_543, voters: 3 },
      { at: 3_552, voters: 1 },
      { at: 20_138, voters: 7 },
    ];
    const of = { ...plan, seed: 7_000_356, members: 1, window: 5, keepBytes: 0, requests: [] };
    allAnswered(tell({ ...of, resizes, forMs: 25_385 }));
  },

  'an idle cluster goes on to a configuration that was decided': () => {
    const story = tell({
      ...plan,
      requests: [],
      resizes: [{ at: 2_000, voters: 1 }],
      forMs: 4_000,
    });
    assert.equal(story.report.failure?.message, undefined);
    assert.equal(story.report.changes, 2);
  },

  'a leader that is killed at any time of a change is followed by another one': () => {
    const resizes = [{ at: 2_000, voters: 1 }];
    for (let at = 2_000; at < 3_600; at += 20) {
      const fault: Fault = { kind: 'kill', at, member: 'leader', forMs: 20, luck: 0 };
      const run = { ...plan, requests: [], window: 16, resizes, forMs: 5_000, faults: [fault] };
      assert.equal(tell(run).report.failure?.message, undefined);
    }
  },

  'who was removed goes on until the configuration without it is settled': () => {
    const resizes = [{ at: 2_000, voters: 1 }];
    const run = { ...plan, requests: steadily(2_500), members: 2, resizes, forMs: 4_000 };
    for (let i = 0; i < 150; i++) {
      // It may be that the change was decided with its vote, and nothing after it.
      const at = 2_050 + 8 * Math.floor(i / 3);
      const fault: Fault = { kind: 'pause', at, member: 0, forMs: 1_000, luck: 0 };
      allAnswered(tell({ ...run, seed: 1 + (i % 3), faults: [fault] }));
    }
  },

  'a leader whose disk stalls hands over': () => {
    twoLeaders(tell(toLeader('stalled-disk')), 5_000, 700, 750);
  },
};
