import type { ChatOperation } from '../../machines/src/chat-log/operations.ts';
import type { CounterOperation } from '../../machines/src/counter/operations.ts';
import type { LeadershipMode } from '../../node/src/paxos/regime.ts';
import { diskFaultKinds } from './disk-faults.ts';
import { Random } from './random.ts';

/** Something that goes wrong once, at a time. What a kind does stands in faults.ts. */
export interface Fault {
  readonly kind: FaultKind;
  /** Simulated milliseconds since the beginning. */
  readonly at: number;
  /** The member that it hits, by its number, or whoever leads then; some hit all. */
  readonly member: number | 'leader';
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
  /** In [0, 1): what the kind makes of it (how much of a write is torn, which bit flips, …). */
  readonly luck: number;
}

export const faultKinds = [
  'cut-off',
  'cut-off-one-way',
  'split',
  'broker-gone',
  'rumour',
  'slow',
  'pause',
  'clock-rate',
  'clock-jump',
  'kill',
  'kill-at-effect',
  'stop',
  'power-cut',
  'power-cut-all',
  'failing-disk',
  'failing-state',
  'stalled-disk',
  'stalled-state',
  'missing-route',
  'small-quota',
  'replay',
  'slow-disks',
  'hand-over',
  'hasty-changes',
  'twin',
  'upgrade',
  ...diskFaultKinds,
] as const;

export type FaultKind = (typeof faultKinds)[number];

/**
 * These take a disk, or a part of it: they strike only while the cluster can lose one. A member
 * without its log stays down, and is replaced where leadership is stable.
 */
export const isForGood: Partial<Record<FaultKind, true>> = {
  twin: true,
  ...Object.fromEntries(diskFaultKinds.map((kind) => [kind, true])),
};

/** From some time on, the cluster is to have so many voters. */
export interface Resize {
  readonly at: number;
  readonly voters: number;
}

/** What a client asks for, once its earlier requests leave it room. */
export interface Request {
  readonly at: number;
  /** By its number. */
  readonly client: number;
  readonly operation: CounterOperation | ChatOperation;
  /** Goes in the same command. */
  readonly more?: readonly (CounterOperation | ChatOperation)[] | undefined;
}

/** A run, in full: the same plan gives the same run. It is drawn from a seed, or minimised. */
export interface Plan {
  /** Of what the plan leaves open: delays, jitter, which message is lost. */
  readonly seed: number;
  /** `liveness`: faults end, and then everything that is open must be decided in bounded time. */
  readonly mode: 'safety' | 'liveness';
  /** When the faults end, all is mended, or no more than a majority: the others stay broken. */
  readonly healing: 'all' | 'core';
  readonly leadership: LeadershipMode;
  readonly machine: 'counter' | 'chat-log';
  readonly members: number;
  readonly window: number;
  /** So much of its log a member keeps even if it could go. */
  readonly keepBytes: number;
  /** So many bytes of commands may wait in a member. */
  readonly queueBytes: number;
  /** With more that is not in its file yet, a state is cut early. */
  readonly overlayBytes: number;
  /** With more that is not on its disk yet, a member takes nothing new. */
  readonly unwrittenBytes: number;
  /** A message has no more, every other second; what is larger then goes in parts. */
  readonly messageBytes: number;
  /** A new member is told its cluster within so many milliseconds; 0: at once. */
  readonly tellMs: number;
  /** Files are closed, before they are opened again, within so many milliseconds; 0: at once. */
  readonly closeMs: number;
  /** Whether the members compare their states now and then. A drawing shows more without. */
  readonly comparing: boolean;
  readonly clients: number;
  /** Commands run in sessions of a few seconds; clients nap, and copies of commands come late. */
  readonly sessions: boolean;
  readonly requests: readonly Request[];
  /** With stable leadership; then lost members are replaced, too. */
  readonly resizes: readonly Resize[];
  /** Simulated milliseconds in which requests begin and faults strike. */
  readonly forMs: number;
  /** Shares of the messages that are lost, doubled, or much delayed. */
  readonly loss: number;
  readonly duplication: number;
  readonly delay: number;
  /** Share of the chunks of a state in which a bit is flipped on their way. */
  readonly garbling: number;
  readonly faults: readonly Fault[];
}

/** Twenty adds of two clients, and nothing that goes wrong. */
export const calmPlan: Plan = {
  seed: 1,
  mode: 'safety',
  healing: 'all',
  leadership: 'stable',
  machine: 'counter',
  members: 3,
  window: 16,
  keepBytes: 1 << 20,
  queueBytes: 1 << 20,
  overlayBytes: 1 << 20,
  unwrittenBytes: 1 << 20,
  messageBytes: 1 << 20,
  tellMs: 0,
  closeMs: 0,
  comparing: true,
  clients: 2,
  sessions: false,
  requests: Array.from({ length: 20 }, (_, i) => ({
    at: 500 + 50 * i,
    client: i % 2,
    operation: { type: 'add', register: 'a', delta: 1 },
  })),
  resizes: [],
  forMs: 2_000,
  loss: 0,
  duplication: 0,
  delay: 0,
  garbling: 0,
  faults: [],
};

/** These came later, and are drawn last: seeds keep their plans otherwise. */
const drawnLater: ReadonlySet<FaultKind> = new Set([
  'stalled-state',
  'missing-route',
  'small-quota',
  'replay',
  'stop',
]);
const drawnKinds = faultKinds.filter((kind) => !drawnLater.has(kind));
const STALLED_STATES = 0.4;
const LATER = 0x1a7e;
const MISSING_ROUTES = 0.2;
const LATEST = 0x1a7e57;
const SMALL_QUOTAS = 0.2;
const LAST = 0x1a57;
const REPLAYS = 0.3;
const REPLAYED = 0x2e91a7;
/** The share of the runs in which processes stop in order, are told late, or close files slowly. */
const LIVES = 0.3;
const LIVED = 0x11fe;
const TELL_MS = 1_500;
const CLOSE_MS = 400;

const KINDS_AT_MOST = 5;
const STRIKES_AT_LEAST = 2;
const STRIKES_AT_MOST = 7;
/** What a write takes at most while all disks are slow. One that was begun then goes on so long. */
export const SLOW_DISK_MS = 3_000;
/** So many times as long as all its faults one after the other, a run has time for work, too. */
const SPAN = 1.5;
/** A few commands fill it. */
const SMALL_QUEUE_BYTES = 256;
const SMALL_OVERLAY_BYTES = 512;
const SMALL_UNWRITTEN_BYTES = 2 * 1024;
/** A value has more, and so has a page. */
const SMALL_MESSAGE_BYTES = 400;
/** Of the commands, the share that has several operations. */
const MANY = 0.1;
const REGISTERS = ['a', 'b', 'c'];
const READS = 0.25;
/** Of the texts appended to the chat log, the share that its client appended before. */
const REPEATED = 0.1;

/** Draws a run. Each has only some kinds of fault, turned up high (swarm testing). */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const members = random.pick([3, 3, 3, 5, 5, 1]);
  const leadership = random.chance(0.8) ? 'stable' : 'on-demand';
  const faults = faultsOf(random.fork(), members, leadership);
  const tailMs = (kind: FaultKind): number => (kind === 'slow-disks' ? SLOW_DISK_MS : 0);
  const faultsMs = faults.reduce((sum, { kind, forMs: lasts }) => sum + lasts + tailMs(kind), 0);
  const forMs = Math.max(random.between(15_000, 30_000), SPAN * faultsMs);
  const machine = random.chance(0.6) ? 'counter' : 'chat-log';
  const clients = 2 + random.below(6);
  const operations = Math.ceil((480 + random.below(360)) / clients);
  const requests = requestsOf(random.fork(), machine, clients, operations, forMs);
  const bounds = random.fork();
  const later = new Random(seed ^ LATER);
  if (later.chance(STALLED_STATES)) faults.push(...strikesOf('stalled-state', later, members));
  const latest = new Random(seed ^ LATEST);
  if (members > 1 && latest.chance(MISSING_ROUTES)) {
    faults.push(...strikesOf('missing-route', latest, members));
  }
  const last = new Random(seed ^ LAST);
  if (last.chance(SMALL_QUOTAS)) faults.push(...strikesOf('small-quota', last, members));
  const replayed = new Random(seed ^ REPLAYED);
  if (members > 1 && replayed.chance(REPLAYS))
    faults.push(...strikesOf('replay', replayed, members));
  const lived = new Random(seed ^ LIVED);
  if (lived.chance(LIVES)) faults.push(...strikesOf('stop', lived, members));
  faults.sort((a, b) => a.at - b.at);
  return {
    seed,
    mode: random.chance(0.5) ? 'safety' : 'liveness',
    healing: members > 1 && bounds.chance(0.4) ? 'core' : 'all',
    leadership,
    machine,
    members,
    window: random.pick([2, 5, 16, 64]),
    keepBytes: random.pick([0, 0, 8 * 1024, 1 << 20]),
    queueBytes: bounds.pick([1 << 20, 1 << 20, SMALL_QUEUE_BYTES]),
    overlayBytes: bounds.pick([1 << 20, 1 << 20, SMALL_OVERLAY_BYTES]),
    messageBytes: bounds.pick([1 << 20, 1 << 20, SMALL_MESSAGE_BYTES]),
    unwrittenBytes: later.pick([1 << 20, SMALL_UNWRITTEN_BYTES]),
    tellMs: leadership === 'stable' && lived.chance(LIVES) ? lived.below(TELL_MS) : 0,
    closeMs: lived.chance(LIVES) ? lived.below(CLOSE_MS) : 0,
    comparing: true,
    clients,
    sessions: true,
    requests,
    resizes: leadership === 'stable' ? resizesOf(random.fork(), forMs) : [],
    forMs,
    loss: members > 1 && random.chance(0.6) ? random.between(0.01, 0.15) : 0,
    duplication: members > 1 && random.chance(0.5) ? random.between(0.01, 0.3) : 0,
    delay: members > 1 && random.chance(0.5) ? random.between(0.01, 0.15) : 0,
    garbling: random.chance(0.3) ? random.between(0.01, 0.1) : 0,
    faults: faults.map((fault) => ({ ...fault, at: fault.at * forMs })),
  };
}

/** In half of the runs; one voter more or less at a time is the operator's to do. */
function resizesOf(random: Random, forMs: number): Resize[] {
  const count = random.chance(0.5) ? 1 + random.below(3) : 0;
  const resizes = Array.from({ length: count }, () => {
    return { at: random.between(0.05, 0.8) * forMs, voters: random.pick([1, 2, 3, 3, 4, 5, 7]) };
  });
  return resizes.sort((a, b) => a.at - b.at);
}

function requestsOf(
  random: Random,
  machine: Plan['machine'],
  clients: number,
  operations: number,
  forMs: number,
): Request[] {
  const requests: Request[] = [];
  for (let client = 0; client < clients; client++) {
    for (let i = 0; i < operations; i++) {
      const operation = (): CounterOperation | ChatOperation =>
        machine === 'counter' ? counterOperation(random) : chatOperation(random, client, i);
      const request = { at: random.between(0, forMs), client, operation: operation() };
      requests.push(random.chance(MANY) ? { ...request, more: [operation()] } : request);
    }
  }
  return requests.sort((a, b) => a.at - b.at);
}

function counterOperation(random: Random): CounterOperation {
  const register = random.pick(REGISTERS);
  return random.chance(READS) ? { type: 'read', register } : { type: 'add', register, delta: 1 };
}

function chatOperation(random: Random, client: number, number: number): ChatOperation {
  if (random.chance(READS)) return { type: 'read', from: 0, limit: 10_000 };
  const unique = random.chance(REPEATED) ? random.below(number + 1) : number;
  return { type: 'append', text: `c${client}.${unique}` };
}

/** Faults in order; they strike at a share of the run's time. */
function faultsOf(random: Random, members: number, leadership: LeadershipMode): Fault[] {
  const armed = new Set<FaultKind>(members > 1 ? ['kill', 'cut-off'] : ['kill']);
  const wanted = 2 + random.below(KINDS_AT_MOST);
  while (armed.size < wanted) {
    const kind = random.pick(drawnKinds);
    const isMeant = !isOfLeaders(kind) || leadership === 'stable';
    if (isMeant && (members > 1 || canHitOne(kind))) armed.add(kind);
  }
  const faults: Fault[] = [];
  for (const kind of drawnKinds)
    if (armed.has(kind)) faults.push(...strikesOf(kind, random, members));
  return faults.sort((a, b) => a.at - b.at);
}

function strikesOf(kind: FaultKind, random: Random, members: number): Fault[] {
  const strikes = STRIKES_AT_LEAST + random.below(STRIKES_AT_MOST - STRIKES_AT_LEAST);
  return Array.from({ length: strikes }, () => ({
    kind,
    at: random.between(0.05, 0.9),
    member: isOfLeaders(kind) || random.chance(0.5) ? ('leader' as const) : random.below(members),
    forMs: random.between(50, 2_000),
    luck: random.next(),
  }));
}

/** It strikes who leads, where leadership is stable. */
export function isOfLeaders(kind: FaultKind): boolean {
  return kind === 'hand-over' || kind === 'hasty-changes' || kind === 'rumour';
}

/** Whether a fault means anything, and ends, in a cluster of one. */
function canHitOne(kind: FaultKind): boolean {
  return !isForGood[kind] && !/^(cut-off|split|broker|hand-over|rumour)/.test(kind);
}
