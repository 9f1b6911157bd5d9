import { damage } from './disk-faults.ts';
import { SLOW_DISK_MS, type Fault } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** What faults can reach. */
export interface Field {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly processes: readonly SimulatedProcess[];
  /** Whether the cluster can lose the disk of one of its members now. */
  readonly canLose: (process: SimulatedProcess) => boolean;
  /** A process starts on an empty disk. */
  readonly formatted: () => void;
  /** A second process of a member is there. */
  readonly join: (twin: SimulatedProcess) => void;
  /** Whether a configuration names it that somebody knows of. */
  readonly isMember: (id: string) => boolean;
}

const SLOW_MS = 80;
/** Nobody waits for a cut: it may take so many times longer than other things. */
const STATE_STALLS = 4;
/** A leader is given time to notice. */
const ROUTES = 4;
const CALM_MS = 300;
const JUMP_MS = 60_000;
/** Others are to strike while it is reached. */
const QUOTAS = 4;
const SMALL_QUOTA_BYTES = 16 * 1024;

/**
 * Lets a fault strike now (another member, if the meant one is lost, or none leads), and undoes it
 * when its time is over, where it can be undone.
 * @returns whom it hit; `undefined` when there was nothing to hit
 */
export function strike(fault: Fault, field: Field): SimulatedProcess | undefined {
  const { processes } = field;
  const { member, luck } = fault;
  const leader = member === 'leader' ? processes.find(({ leading }) => leading) : undefined;
  const first = member === 'leader' ? Math.floor(luck * processes.length) : member;
  const others = [...processes.slice(first), ...processes];
  const hit = leader ?? others.find(({ lost }) => !lost);
  return hit !== undefined && hits(fault, hit, field) ? hit : undefined;
}

function hits(fault: Fault, hit: SimulatedProcess, field: Field): boolean {
  const { kind, forMs, luck } = fault;
  const { scheduler, network, processes } = field;
  const others = processes.filter((process) => process !== hit);
  const later = (undo: () => void): void => scheduler.after(forMs, undo);
  switch (kind) {
    case 'cut-off':
      return cut(
        field,
        others.flatMap((each) => [
          [hit, each],
          [each, hit],
        ]),
        forMs,
      );
    case 'cut-off-one-way': {
      const pairs = others.map((each) => (luck < 0.5 ? [hit, each] : [each, hit]));
      return cut(field, pairs, forMs);
    }
    case 'split': {
      const side = processes.slice(0, 1 + Math.floor(luck * (processes.length - 1)));
      const rest = processes.filter((process) => !side.includes(process));
      const pairs = side.flatMap((a) =>
        rest.flatMap((b) => [
          [a, b],
          [b, a],
        ]),
      );
      return cut(field, pairs, forMs);
    }
    case 'missing-route': {
      const other = others[Math.floor(luck * others.length)];
      if (other === undefined) return false;
      const pairs = [
        [hit, other],
        [other, hit],
      ];
      return cut(field, (luck * 10) % 1 < 0.3 ? pairs.slice(1) : pairs, ROUTES * forMs);
    }
    case 'broker-gone': {
      const pairs = processes.flatMap((a) => processes.map((b) => [a, b]));
      return cut(field, pairs, forMs);
    }
    case 'rumour':
      network.rumour(hit.id, forMs);
      return true;
    case 'replay':
      return network.replay();
    case 'slow':
      if (!hit.hasRoles || isDoubled(hit, processes)) return false;
      hit.slow(luck * SLOW_MS);
      later(() => hit.slow(0));
      return true;
    case 'pause':
      if (!hit.hasRoles || isDoubled(hit, processes)) return false;
      hit.pause();
      later(() => hit.resume());
      return true;
    case 'clock-rate':
      hit.clock.setRate(luck < 0.5 ? 0.25 + luck : 1 + 3 * luck);
      later(() => hit.clock.setRate(1));
      return true;
    case 'clock-jump':
      hit.clock.jump((luck - 0.25) * JUMP_MS);
      return true;
    case 'kill':
      return kill([hit], 1, later);
    case 'stop':
      if (!hit.isThere) return false;
      hit.stop();
      later(() => {
        hit.kill(1); // It had its time.
        hit.start();
      });
      return true;
    case 'power-cut':
      return kill([hit], luck, later);
    case 'power-cut-all':
      return kill(processes, luck < 0.3 ? 0 : luck, later);
    case 'kill-at-effect':
      if (!hit.hasRoles) return false;
      hit.armKill({ luck, silenced: (luck * 10) % 1 < 0.5, restartAfterMs: forMs });
      return true;
    case 'failing-disk':
      if (!hit.hasRoles) return false;
      hit.failDisk(forMs);
      return true;
    case 'stalled-disk':
      if (!hit.hasRoles) return false;
      hit.stallDisk();
      later(() => hit.resumeDisk());
      return true;
    case 'stalled-state': {
      const running = [hit, ...others].filter((process) => process.hasRoles);
      const stalled = luck < 0.5 ? running.slice(0, 1) : running;
      for (const each of stalled) each.stallState();
      scheduler.after(STATE_STALLS * forMs, () => {
        for (const each of stalled) each.resumeState();
      });
      return stalled.length > 0;
    }
    case 'small-quota': {
      const limited = luck < 0.5 ? [hit] : processes;
      // Below what is there; or a little above what an empty state has.
      for (const each of limited) each.limit(luck * SMALL_QUOTA_BYTES);
      scheduler.after(QUOTAS * forMs, () => {
        for (const each of limited) each.limit(Infinity);
      });
      return true;
    }
    case 'hand-over':
      if (hit.leading === undefined) return false;
      hit.handOver();
      return true;
    case 'hasty-changes':
      if (hit.leading === undefined) return false;
      hit.changeHastily();
      return true;
    case 'failing-state':
      if (!hit.hasRoles) return false;
      hit.failState(forMs);
      return true;
    case 'slow-disks': {
      const running = processes.filter((process) => process.hasRoles);
      for (const each of running) each.slowDisk(SLOW_DISK_MS * (1 / 6 + (luck * 5) / 6));
      scheduler.after(5 * forMs, () => {
        for (const each of running) each.slowDisk(0);
      });
      return running.length > 0;
    }
    case 'upgrade':
      for (const [i, each] of [hit, ...others].entries()) {
        scheduler.after(i * forMs, () => each.upgrade());
      }
      return true;
    case 'twin':
      // They stop as soon as they hear of one another: until then, one id has two votes.
      if (!network.isWhole || !hit.isAttentive || !field.canLose(hit)) return false;
      network.calmFor(CALM_MS);
      field.join(hit.twin(luck < 0.5));
      return true;
    case 'wipe':
      if (!damage(kind, hit, luck, field)) return false;
      // What starts in its place formats the empty disk: it is a new member, without a vote.
      later(field.formatted);
      return true;
    case 'bit-flip':
    case 'damaged-state':
    case 'lost-file':
    case 'lost-session':
    case 'lost-tail':
    case 'misdirected-write':
    case 'rolled-back-state':
    case 'rolled-back':
      if (!damage(kind, hit, luck, field)) return false;
      later(() => hit.start());
      return true;
  }
}

/** Two processes of its member are there: they are to hear of one another. */
function isDoubled(hit: SimulatedProcess, processes: readonly SimulatedProcess[]): boolean {
  return processes.filter(({ id, hasRoles }) => id === hit.id && hasRoles).length > 1;
}

type Pair = readonly SimulatedProcess[];

function cut({ scheduler, network }: Field, pairs: readonly Pair[], forMs: number): boolean {
  for (const [from, to] of pairs) if (from && to) network.cut(from.id, to.id);
  scheduler.after(forMs, () => {
    for (const [from, to] of pairs) if (from && to) network.heal(from.id, to.id);
  });
  return pairs.length > 0;
}

function kill(
  victims: readonly SimulatedProcess[],
  kept: number,
  later: (undo: () => void) => void,
): boolean {
  const running = victims.filter((victim) => victim.isThere);
  for (const victim of running) victim.kill(kept);
  later(() => {
    for (const victim of running) victim.start();
  });
  return running.length > 0;
}
