import type { V1Lease } from '@kubernetes/client-node';
import { pino } from 'pino';
import { Client } from '../../../operator/src/kube/client.ts';
import { systemClock } from '../../../operator/src/kube/clock.ts';
import { leases } from '../../../operator/src/kube/kinds.ts';
import { ApiLease } from '../../../operator/src/kube/lease-object.ts';
import { Election, type Term } from '../../../operator/src/kube/lease.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

class Elector {
  readonly identity: string;
  readonly election: Election;
  readonly terms: Term[] = [];
  readonly ended: Promise<void>;

  constructor(client: Client, namespace: string, identity: string) {
    this.identity = identity;
    this.election = new Election({
      lease: new ApiLease(client, namespace, 'synod'),
      identity,
      clock: systemClock,
      random: Math.random,
      log: pino({ level: 'silent' }),
    });
    this.ended = this.election.run((term) => {
      this.terms.push(term);
      return new Promise((resolve) => {
        term.ending.addEventListener('abort', () => resolve());
      });
    });
  }

  get leads(): boolean {
    return this.terms.some((term) => term.isHeld());
  }

  async stop(): Promise<void> {
    this.election.stop();
    await this.ended;
  }
}

let client: Client;
let namespace: string;

beforeEach(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
});

async function lease(): Promise<V1Lease> {
  const request = { verb: 'get', resource: leases, namespace, name: 'synod' } as const;
  return (await client.send(request)) as V1Lease;
}

test('of two that begin at once one leads; it stops, and the other one leads', async () => {
  const [a, b] = [new Elector(client, namespace, 'a'), new Elector(client, namespace, 'b')];
  await until(() => a.leads || b.leads);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect([a.leads, b.leads].filter(Boolean)).toHaveLength(1);
  const [first, second] = a.leads ? [a, b] : [b, a];
  const { spec } = await lease();
  expect(spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(spec?.renewTime).not.toBe(spec?.acquireTime);
  await first.stop();
  expect(first.leads).toBe(false);
  // The other one may already have it.
  expect((await lease()).spec?.holderIdentity).not.toBe(first.identity);
  await until(() => second.leads);
  expect((await lease()).spec?.leaseTransitions).toBe(1);
  await second.stop();
});

test('a leader that is cut off stops before the other one leads', async () => {
  const config = sharedKubeConfig();
  const proxy = await TcpProxy.before(config);
  const a = new Elector(new Client(config), namespace, 'a');
  await until(() => a.leads);
  const b = new Elector(client, namespace, 'b');
  proxy.takeAway();
  while (!b.leads) {
    if (a.leads) expect(b.leads).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(a.leads).toBe(false);
  expect(a.terms[0]?.signal.aborted).toBe(true);
  proxy.bringBack();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect([a.leads, b.leads]).toEqual([false, true]);
  await a.stop();
  await b.stop();
  await proxy.stop();
}, 60_000);
