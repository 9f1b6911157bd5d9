import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { PaxosClusterStatus } from '../api/status.ts';
import { nothing, type Outcome } from '../verdict/outcome.ts';
import { isNewStatus, statusOf, statusUnseen } from '../status/status.ts';
import { warningsOf } from '../status/warnings.ts';
import type { Note } from '../observation/note.ts';
import type { Action, StepNote, Verdict } from '../verdict/action.ts';
import { attempt } from '../observation/api-problem.ts';
import { bootstrap } from './bootstrap.ts';
import { gistOf } from '../observation/gist.ts';
import { drainsOf } from '../observation/drains.ts';
import { growVolumes } from './grow-volumes.ts';
import { heal } from './heal.ts';
import type { Observation } from '../observation/observation.ts';
import { observe } from '../observation/observe.ts';
import { perform } from './perform.ts';
import { keepStatefulSet } from './pods.ts';
import type { Ports, ReconcileResult } from '../ports.ts';
import { recover } from './recover.ts';
import { recordMember } from './record.ts';
import { roll } from './roll.ts';
import { size } from './size.ts';
import { restartSilent } from './silent-members.ts';
import { replaceStuckPod } from './stuck-pods.ts';
import { guardDrains, supportMembers } from './supporting-objects.ts';
import { restartTwin } from './twins.ts';

/** What each look may find to do, in this order; one thing is done at a time. */
const steps: readonly ((seen: Observation) => Verdict)[] = [
  // Also where a cluster can't be made, or has lost its quorum: a corrected spec gets through.
  replaceStuckPod,
  recover,
  bootstrap, // 4
  recordMember,
  heal, // 5
  restartTwin,
  restartSilent,
  size, // 6
  roll, // 7
  growVolumes, // 8
];

/** Something was done: what comes next may be possible at once. */
const NEXT_MS = 100;
/** Somebody else has to do something first: Kubernetes, or a member that catches up. */
const WAIT_MS = 2_000;
/** A person has to. */
const PROBLEM_MS = 15_000;
/**
 * What becomes of a member that is silent hangs on its node, which nobody watches, and on time. And
 * who is not well holds up drains until it is seen to be well.
 */
const AILING_MS = 10_000;
/** Nothing is to be done: a leader that changed is noticed by then. */
const IDLE_MS = 60_000;

/**
 * Brings one cluster a step nearer to what its spec asks for. It remembers nothing: whoever does
 * it next goes on from what is there.
 */
export function makeReconcile(ports: Ports) {
  return async (key: {
    readonly namespace: string;
    readonly name: string;
  }): Promise<ReconcileResult> => {
    const { objects } = ports;
    const cluster = await objects.get<PaxosCluster>('PaxosCluster', key.namespace, key.name);
    if (cluster === undefined || cluster.metadata.deletionTimestamp !== undefined) return {};

    // 1. Look at everything.
    const { value: seen, problem: unseen } = await attempt(() => observe(ports, cluster));
    if (unseen !== undefined) {
      await tell(ports, cluster, statusUnseen(cluster, ports.now(), unseen), [unseen]);
      return { againAfterMs: PROBLEM_MS };
    }
    if (seen === undefined) return { againAfterMs: NEXT_MS };
    ports.onBackup?.(key, seen.backups);
    if (cluster.spec.paused) {
      return finish(ports, seen, { ...nothing, problems: await guardDrains(objects, seen) });
    }

    if (seen.statefulSet?.metadata?.deletionTimestamp !== undefined) {
      return finish(ports, seen, { ...nothing, waits: [remaking] });
    }

    // 2. What the members lean on.
    const problems = await supportMembers(objects, seen);

    // 3. The StatefulSet, with as many pods as volumes and configuration need.
    const { known, problem } = await keepStatefulSet(objects, seen);
    if (problem !== undefined) {
      return finish(ports, seen, { ...nothing, problems: [problem, ...problems] });
    }
    if (known === undefined) return { againAfterMs: NEXT_MS };

    // 4.-8. One thing at a time.
    const outcome = await take(ports, known, problems);

    // 9. Tell.
    return finish(ports, known, outcome);
  };
}

const remaking: StepNote = {
  reason: 'StatefulSetLeaving',
  message: 'Waits until the StatefulSet is gone: it is made again, over the same pods and volumes.',
};

/** Does what the first step wants that wants something. */
async function take(ports: Ports, seen: Observation, problems: readonly Note[]): Promise<Outcome> {
  const waits: StepNote[] = [];
  for (const step of steps) {
    const verdict = step(seen);
    switch (verdict?.type) {
      case undefined:
        break;
      case 'wait':
        waits.push(verdict.note);
        break;
      case 'stop':
        return { ...nothing, waits, stop: verdict.note, problems };
      case 'act': {
        const { action, note: doing } = verdict;
        const { refusal, problem } = await act(ports, seen, action, doing);
        const all = problem === undefined ? problems : [problem, ...problems];
        return { action, doing, refusal, waits, stop: undefined, problems: all };
      }
      default:
        verdict satisfies never;
    }
  }
  return { ...nothing, waits, problems };
}

async function act(ports: Ports, seen: Observation, action: Action, doing: Note) {
  const { value: refusal, problem } = await attempt(() => perform(ports, seen, action));
  if (refusal === undefined && problem === undefined && !quiet.has(action.type)) {
    await ports.events.record(seen.cluster, 'Normal', doing.reason, doing.message);
  }
  return { refusal, problem };
}

/** Nobody needs an event of it. */
const quiet: ReadonlySet<Action['type']> = new Set([
  'record',
  'form',
  'forget-first',
  'forget-member',
]);

async function finish(ports: Ports, seen: Observation, outcome: Outcome): Promise<ReconcileResult> {
  await tell(ports, seen.cluster, statusOf(seen, outcome), warningsOf(seen, outcome));
  const againAfterMs = pauseAfter(seen, outcome);
  if (againAfterMs !== IDLE_MS) return { againAfterMs };
  return { againAfterMs, rest: { gist: gistOf(seen.statuses), members: seen.statuses.length } };
}

async function tell(
  { objects, events, onConditions }: Ports,
  cluster: PaxosCluster,
  status: PaxosClusterStatus,
  warnings: readonly Note[],
): Promise<void> {
  onConditions?.(cluster.metadata, status.conditions ?? []);
  if (isNewStatus(cluster, status)) await objects.writeStatus(cluster, status);
  for (const { reason, message } of warnings) {
    await events.record(cluster, 'Warning', reason, message);
  }
}

function pauseAfter(seen: Observation, outcome: Outcome): number {
  const { natsDown, places } = seen;
  const { action, refusal, problems, stop, waits } = outcome;
  if (problems.length > 0 || stop !== undefined) return PROBLEM_MS;
  if (action !== undefined) return refusal === undefined ? NEXT_MS : WAIT_MS;
  if (waits.length > 0 || natsDown !== undefined) return WAIT_MS;
  const areWell = places.every(({ status }) => status) && drainsOf(seen).type !== 'only';
  return areWell ? IDLE_MS : AILING_MS;
}
