import type { V1Lease } from '@kubernetes/client-node';
import { pino } from 'pino';
import { AlreadyExistsError, ConflictError } from '../../../operator/src/kube/api-error.ts';
import { Election, type LeaseObject, type Term } from '../../../operator/src/kube/lease.ts';
import { ManualClock, settle } from './manual-clock.ts';

const asked = { verb: 'update', what: 'Lease prod/synod' };
const refusal = { code: 409, reason: '', message: 'no' };

/** One Lease in memory, by the API server's rules, which each elector reaches in its own way. */
class Server {
  lease: V1Lease | undefined;
  #version = 0;

  write(spec: V1Lease['spec']): V1Lease {
    this.#version += 1;
    this.lease = { metadata: { resourceVersion: String(this.#version) }, ...(spec && { spec }) };
    return structuredClone(this.lease);
  }

  get holder(): string | undefined {
    return this.lease?.spec?.holderIdentity;
  }
}

interface Fault {
  readonly doneMs?: number;
  readonly answerMs: number;
  readonly error?: string;
}

/** When a request is done, if it is, and what is heard of it when. */
const faults = {
  up: { doneMs: 0, answerMs: 0 },
  slow: { doneMs: 0, answerMs: 3_000 },
  cut: { answerMs: 0, error: 'connection refused' },
  hung: { answerMs: 4_000, error: 'the deadline passed' },
  deaf: { doneMs: 0, answerMs: 0, error: 'the answer was lost' },
  late: { doneMs: 6_000, answerMs: 4_000, error: 'the deadline passed' },
} satisfies Record<string, Fault>;

function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // Nobody hears of it.
  }
}

/** The way to it. */
class Link implements LeaseObject {
  readonly #server: Server;
  readonly #clock: ManualClock;
  state: keyof typeof faults = 'up';

  constructor(server: Server, clock: ManualClock) {
    this.#server = server;
    this.#clock = clock;
  }

  read(): Promise<V1Lease | undefined> {
    return this.#pass(() => structuredClone(this.#server.lease));
  }

  create(spec: V1Lease['spec']): Promise<V1Lease> {
    return this.#pass(() => {
      if (this.#server.lease !== undefined) throw new AlreadyExistsError(asked, refusal);
      return this.#server.write(spec);
    });
  }

  update(lease: V1Lease, spec: V1Lease['spec']): Promise<V1Lease> {
    return this.#pass(() => {
      const version = this.#server.lease?.metadata?.resourceVersion;
      if (version !== lease.metadata?.resourceVersion) throw new ConflictError(asked, refusal);
      return this.#server.write(spec);
    });
  }

  async #pass<T>(work: () => T): Promise<T> {
    const { answerMs, doneMs, error }: Fault = faults[this.state];
    if (doneMs !== undefined && doneMs > 0) this.#clock.after(doneMs, () => attempt(work));
    const answer = doneMs === 0 ? work() : undefined;
    if (answerMs > 0) await new Promise<void>((resolve) => this.#clock.after(answerMs, resolve));
    if (error !== undefined) throw new Error(error);
    return answer as T;
  }
}

class Elector {
  readonly link: Link;
  readonly election: Election;
  readonly terms: Term[] = [];
  /** Work that does not end by itself when the term does. */
  lingers = false;
  finish: () => void = () => undefined;
  isStopped = false;

  constructor(server: Server, clock: ManualClock, identity: string, random = 0.5) {
    this.link = new Link(server, clock);
    const log = pino({ level: 'silent' });
    const lease = this.link;
    this.election = new Election({ lease, identity, clock, random: () => random, log });
    void this.election.run((term) => this.#lead(term)).then(() => (this.isStopped = true));
  }

  #lead(term: Term): Promise<void> {
    this.terms.push(term);
    return new Promise((resolve) => {
      this.finish = resolve;
      term.ending.addEventListener('abort', () => {
        if (!this.lingers) resolve();
      });
      if (term.ending.aborted) resolve();
    });
  }

  get leads(): boolean {
    return this.terms.some((term) => term.isHeld());
  }
}

let clock: ManualClock;
let server: Server;

beforeEach(() => {
  clock = new ManualClock();
  server = new Server();
});

function elector(identity: string, random?: number): Elector {
  return new Elector(server, clock, identity, random);
}

/** Turns the clock in small steps, in each of which at most one may lead. */
async function turn(ms: number, electors: readonly Elector[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.turn(100);
    const leaders = electors.filter((each) => each.leads).length;
    if (leaders > 1) throw new Error(`two lead at ${clock.now()} ms`);
  }
}

test('one of two leads, and stays', async () => {
  const two = [elector('a'), elector('b')];
  await turn(120_000, two);
  expect(two.map((each) => each.terms.length).sort()).toEqual([0, 1]);
  expect(two.some((each) => each.leads)).toBe(true);
  expect(server.lease?.spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 0 });
});

test('a Lease has its times to the microsecond', async () => {
  elector('a');
  await clock.turn(0);
  const { renewTime } = JSON.parse(JSON.stringify(server.lease?.spec)) as { renewTime: string };
  expect(renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('told to stop, it finishes its work, gives the Lease back, and the other takes it', async () => {
  const a = elector('a');
  await clock.turn(0);
  const b = elector('b');
  await turn(5_000, [a, b]);
  a.lingers = true;
  a.election.stop();
  await turn(30_000, [a, b]);
  // It is renewed as long as there is work.
  expect(a.leads).toBe(true);
  expect(a.terms[0]?.ending.aborted).toBe(true);
  expect(a.terms[0]?.signal.aborted).toBe(false);
  a.finish();
  await settle();
  expect(a.isStopped).toBe(true);
  expect(server.holder).toBe('');
  expect(a.leads).toBe(false);
  await turn(2_000, [a, b]);
  expect(b.leads).toBe(true);
  expect(server.lease?.spec?.leaseTransitions).toBe(1);
});

test('stopped while a renewal is under way, it gives the Lease back all the same', async () => {
  const a = elector('a');
  await turn(1_000, [a]);
  a.link.state = 'slow';
  await turn(1_500, [a]);
  a.link.state = 'up';
  a.election.stop();
  await settle();
  expect(a.isStopped).toBe(true);
  expect(server.holder).toBe('');
});

test.each(['cut', 'hung', 'deaf', 'late'] as const)(
  'a leader whose link is %s stops before another one may begin',
  async (state) => {
    const a = elector('a');
    await clock.turn(0);
    const b = elector('b');
    await turn(20_000, [a, b]);
    const renewed = clock.now();
    a.link.state = state;
    while (a.leads) await turn(100, [a, b]);
    expect(clock.now() - renewed).toBeLessThanOrEqual(10_100);
    expect(a.terms[0]?.signal.aborted).toBe(true);
    const ended = clock.now();
    // Renewals whose answers were lost count for the others.
    a.link.state = 'cut';
    while (!b.leads) await turn(100, [a, b]);
    expect(clock.now() - ended).toBeGreaterThan(3_000);
    expect(clock.now() - ended).toBeLessThan(25_000);
    expect(a.terms[0]?.signal.reason).toMatchObject({
      message: expect.stringContaining('could not be renewed for 10 s') as string,
    });

    a.link.state = 'up';
    await turn(60_000, [a, b]);
    expect(b.leads).toBe(true);
  },
);

test('a single failure to renew is nothing', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  a.link.state = 'cut';
  await turn(4_000, [a]);
  a.link.state = 'up';
  await turn(60_000, [a]);
  expect(a.terms).toHaveLength(1);
  expect(a.leads).toBe(true);
});

test('a renewal whose answer was lost is found', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  a.link.state = 'deaf';
  await turn(4_000, [a]);
  a.link.state = 'up';
  await turn(60_000, [a]);
  expect(a.terms).toHaveLength(1);
  expect(a.leads).toBe(true);
});

test('a process that was stopped for long does not lead when it goes on', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  expect(a.leads).toBe(true);
  clock.skip(10_000);
  // Nothing has run yet, and it knows already.
  expect(a.leads).toBe(false);
});

test('the Lease of one that is gone is taken after its time, and not before', async () => {
  const long = new Date(Date.now() - 3_600_000);
  server.write({ holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: long });
  const b = elector('b');
  // What clocks say of it means nothing.
  await turn(14_900, [b]);
  expect(b.leads).toBe(false);
  await turn(2_100, [b]);
  expect(b.leads).toBe(true);
  expect(server.holder).toBe('b');
});

test('who took the Lease is believed at once', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  server.write({ holderIdentity: 'thief', leaseDurationSeconds: 15 });
  await turn(2_000, [a]);
  expect(a.leads).toBe(false);
  expect(a.terms[0]?.signal.reason).toMatchObject({
    message: 'this operator does not lead any more: thief took the Lease',
  });
});

test('a Lease that was deleted is made again', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  server.lease = undefined;
  await turn(3_000, [a]);
  expect(server.holder).toBe('a');
  expect(a.terms).toHaveLength(1);
});

test('a term begins only when the work of the one before has ended', async () => {
  const a = elector('a');
  await turn(5_000, [a]);
  a.lingers = true;
  a.link.state = 'cut';
  await turn(15_000, [a]);
  a.link.state = 'up';
  await turn(30_000, [a]);
  expect(a.terms).toHaveLength(1);
  a.finish();
  await turn(5_000, [a]);
  expect(a.terms).toHaveLength(2);
  expect(a.leads).toBe(true);
});

test('told to stop while it waits, it ends without a term', async () => {
  const a = elector('a');
  await clock.turn(0);
  const b = elector('b');
  await turn(3_000, [a, b]);
  b.election.stop();
  await settle();
  expect(b.isStopped).toBe(true);
  expect(b.terms).toEqual([]);
});

test('under faults of every kind, never two lead', async () => {
  const three = [elector('a', 0.1), elector('b', 0.9), elector('c', 0.5)];
  const states = ['up', 'cut', 'hung', 'deaf', 'late', 'slow', 'up', 'up'] as const;
  // A small generator, so that every run is the same.
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 200; round += 1) {
    for (const each of three) {
      each.link.state = states[Math.floor(random() * states.length)] ?? 'up';
    }
    await turn(1_000 + Math.floor(random() * 200) * 100, three);
  }
  for (const each of three) each.link.state = 'up';
  await turn(60_000, three);
  expect(three.filter((each) => each.leads)).toHaveLength(1);
  const terms = three.map((each) => each.terms.length);
  expect(Math.min(...terms)).toBeGreaterThan(1);
});
