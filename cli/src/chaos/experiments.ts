import type { Experiment } from './experiment.ts';
import { NATS } from './target.ts';

/** So long a member is gone. */
const GONE_S = 3;
const PAUSED_S = 5;
const NATS_AWAY_S = 3;

export const experiments: readonly Experiment[] = [
  {
    name: 'kill-leader',
    title: 'kill -9 of the leader',
    about:
      'NATS tells the others that nobody listens where the leader did. They agree on a new leader, ' +
      'which tells the clients; they send again what was unanswered. Writes stop for some 0.2 s.',
    mostStopMs: 1_500,
    strike: async ({ target, leader, say, pause }) => {
      const name = await leader();
      await target.kill([name]);
      say(`${name}, the leader, was killed`);
      await pause(GONE_S);
      await target.start(name);
      say(`${name} was started`);
    },
  },
  {
    name: 'kill-follower',
    title: 'kill -9 of a follower',
    about: 'The leader and the other follower are a quorum. Nobody waits.',
    mostStopMs: 1_000,
    strike: async ({ target, follower, say, pause }) => {
      const name = await follower();
      await target.kill([name]);
      say(`${name}, a follower, was killed`);
      await pause(GONE_S);
      await target.start(name);
      say(`${name} was started`);
    },
  },
  {
    name: 'kill-all',
    title: 'kill -9 of all members at once',
    about:
      'What was answered is on the disks of a quorum. All start, ask one another what they ' +
      'remember, and elect a leader. Writes stop while nobody runs, and for the election.',
    mostStopMs: 10_000,
    strike: async ({ target, say, pause }) => {
      await target.kill(target.names);
      say('all members were killed');
      await pause(1);
      await Promise.all(target.names.map((name) => target.start(name)));
      say('all members were started');
    },
  },
  {
    name: 'pause-leader',
    title: 'the leader hangs (SIGSTOP)',
    about:
      'A process that hangs is still connected, so the others wait for 0.6 to 0.9 s of silence. ' +
      'When it goes on, it has lost the lead, and must answer no read with what it remembers.',
    mostStopMs: 3_000,
    strike: async ({ target, leader, say, pause }) => {
      const name = await leader();
      target.pause(name);
      say(`${name}, the leader, hangs`);
      await pause(PAUSED_S);
      target.resume(name);
      say(`${name} goes on`);
    },
  },
  {
    name: 'nats-away',
    title: 'NATS hangs (SIGSTOP)',
    about:
      'Nobody hears anybody. Writes stop until NATS goes on, and for an election at most. No ' +
      'answer is lost, and none is given twice.',
    mostStopMs: NATS_AWAY_S * 1000 + 5_000,
    strike: async ({ target, say, pause }) => {
      target.pause(NATS);
      say('NATS hangs');
      await pause(NATS_AWAY_S);
      target.resume(NATS);
      say('NATS goes on');
    },
  },
  {
    name: 'transfer',
    title: 'the lead is handed over',
    about: 'An administrator asks another member to lead. No command is lost, and few wait.',
    mostStopMs: 1_000,
    strike: async ({ target, leader, say, pause }) => {
      const name = await leader();
      await target.client.admin.transferLeadership();
      say(`${name} handed over`);
      await pause(1);
    },
  },
  {
    name: 'roll',
    title: 'each member is restarted in turn',
    about:
      'As an upgrade does it: a leader hands over before it stops. The next member is stopped only ' +
      'when the one before it is up again.',
    mostStopMs: 2_000,
    strike: async ({ target, say, pause }) => {
      for (const name of target.names) {
        await target.stop(name);
        say(`${name} was stopped`);
        await target.start(name);
        say(`${name} was started`);
        await pause(1);
      }
    },
  },
];

export function experimentOf(name: string): Experiment | undefined {
  return experiments.find((each) => each.name === name);
}
