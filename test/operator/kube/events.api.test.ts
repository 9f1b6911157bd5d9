import type { EventsV1Event } from '@kubernetes/client-node';
import { pino } from 'pino';
import type { PaxosCluster } from '../../../operator/src/api/paxos-cluster.ts';
import { Client } from '../../../operator/src/kube/client.ts';
import { Events } from '../../../operator/src/kube/events.ts';
import { coreEvents, events as resource } from '../../../operator/src/kube/kinds.ts';
import { newNamespace, sharedKubeConfig } from '../api-server.ts';
import { createCluster } from './cluster-sample.ts';
import { ManualClock } from './manual-clock.ts';

let client: Client;
let namespace: string;
let cluster: PaxosCluster;
let clock: ManualClock;
let dropped: number;

beforeEach(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
  cluster = await createCluster(client, namespace, 'synod');
  clock = new ManualClock();
  dropped = 0;
});

function recorder(by = client): Events {
  const { signal } = new AbortController();
  const log = pino({ level: 'silent' });
  const onDropped = (): void => void (dropped += 1);
  return new Events({ client: by, instance: 'operator-0', signal, clock, log, onDropped });
}

async function written(): Promise<EventsV1Event[]> {
  const { items } = (await client.send({ verb: 'list', resource, namespace })) as {
    items: EventsV1Event[];
  };
  return items;
}

test('an event says what was done to what, and kubectl describe finds it', async () => {
  await recorder().record(cluster, 'Normal', 'Scaled', 'The cluster has five voters.');
  const [event] = await written();
  expect(event).toMatchObject({
    type: 'Normal',
    reason: 'Scaled',
    note: 'The cluster has five voters.',
    reportingController: 'synod.dev/operator',
    reportingInstance: 'operator-0',
    regarding: { kind: 'PaxosCluster', name: 'synod', namespace, uid: cluster.metadata.uid },
  });
  const fieldSelector = `involvedObject.uid=${cluster.metadata.uid}`;
  const query = { fieldSelector };
  const found = await client.send({ verb: 'list', resource: coreEvents, namespace, query });
  expect(found).toMatchObject({ items: [{ message: 'The cluster has five voters.' }] });
});

test('the same again is counted in the same event, and not written each time', async () => {
  const events = recorder();
  for (let n = 0; n < 10; n += 1) await events.record(cluster, 'Warning', 'Waits', 'It waits.');
  expect(await written()).toHaveLength(1);
  clock.skip(31_000);
  await events.record(cluster, 'Warning', 'Waits', 'It waits.');
  const [event, ...more] = await written();
  expect(more).toEqual([]);
  expect(event?.series).toMatchObject({ count: 11 });

  await events.record(cluster, 'Warning', 'Waits', 'It waits for another one.');
  clock.skip(601_000);
  await events.record(cluster, 'Warning', 'Waits', 'It waits.');
  expect(await written()).toHaveLength(3);
});

test('a counted event that has expired is written again', async () => {
  const events = recorder();
  await events.record(cluster, 'Warning', 'Waits', 'It waits.');
  const [event] = await written();
  await client.send({ verb: 'delete', resource, namespace, name: event?.metadata?.name ?? '' });
  clock.skip(31_000);
  await events.record(cluster, 'Warning', 'Waits', 'It waits.');
  expect(await written()).toHaveLength(1);
});

test('who has too many has to wait', async () => {
  const events = recorder();
  for (let n = 0; n < 25; n += 1) await events.record(cluster, 'Normal', 'Done', `Done: ${n}.`);
  expect(await written()).toHaveLength(20);
  expect(dropped).toBe(5);
  clock.skip(60_000);
  for (let n = 30; n < 35; n += 1) await events.record(cluster, 'Normal', 'Done', `Done: ${n}.`);
  expect(await written()).toHaveLength(22);
  expect(dropped).toBe(8);
});

test('a long sentence is cut, and an event that cannot be written fails nobody', async () => {
  await recorder().record(cluster, 'Normal', 'Long', 'ä'.repeat(2_000));
  expect((await written())[0]?.note).toBe(`${'ä'.repeat(510)}…`);

  const config = sharedKubeConfig();
  const [user] = config.getUsers();
  config.users = [{ ...user!, impersonateUser: 'nobody' }];
  await recorder(new Client(config)).record(cluster, 'Normal', 'Forbidden', 'It is forbidden.');
  expect(await written()).toHaveLength(1);
});
