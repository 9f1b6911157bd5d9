import { connect, type NatsConnection } from 'nats';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { parseEvidence, type Evidence, type WitnessReport } from '../../contract/src/witness.ts';
import type { PaxosCluster } from '../../operator/src/api/paxos-cluster.ts';
import { Client } from '../../operator/src/kube/client.ts';
import { kinds } from '../../operator/src/kube/kinds.ts';
import { NatsProcess } from '../journeys/nats-process.ts';
import { newNamespace, sharedKubeConfig } from './api-server.ts';
import { createCluster } from './kube/cluster-sample.ts';
import { until } from './kube/until.ts';
import { OperatorProcess } from './operator-process.ts';

/* What members say of their logs is in the status of their cluster, whoever operates it. */

let namespace: string;
let client: Client;
let nats: NatsProcess;
let connection: NatsConnection;
let operator: OperatorProcess;
let evidence: Evidence[];

beforeEach(async () => {
  client = new Client(sharedKubeConfig());
  namespace = await newNamespace();
  nats = await NatsProcess.reserve();
  await nats.start();
  connection = await connect({ servers: nats.url });
  evidence = [];
  connection.subscribe(subjectsOf(namespace, 'orders').evidence('m'), {
    callback: (_, message) => {
      const found = parseEvidence(message.string());
      if (found !== undefined) evidence.push(found);
    },
  });
  operator = await OperatorProcess.start(namespace);
  await createCluster(client, namespace, 'orders', { nats: { url: nats.url } });
});

afterEach(async () => {
  await operator.kill();
  await connection.close();
  await nats.kill();
});

function say(count: number, sequence: number, asks: boolean): void {
  const incarnation = { count, random: count };
  const report: WitnessReport = { member: 'm', incarnation, sequence, asks };
  connection.publish(subjectsOf(namespace, 'orders').witness, JSON.stringify(report));
}

async function cluster(): Promise<PaxosCluster> {
  const place = { resource: kinds.PaxosCluster, namespace, name: 'orders' };
  return (await client.send({ verb: 'get', ...place })) as PaxosCluster;
}

/** Asks until it is answered: the operator may not have looked at the cluster yet. */
async function answerTo(count: number, sequence: number): Promise<Evidence | undefined> {
  evidence.splice(0);
  await until(() => {
    say(count, sequence, true);
    return evidence.length > 0;
  }, 30_000);
  return evidence[0];
}

test('what a member said is written down soon, and the next operator knows it', async () => {
  expect(await answerTo(3, 70)).toEqual({ of: { count: 3, random: 3 }, sequence: 0 });
  const figure = { member: 'm', incarnation: 3, random: 3, sequence: 90, before: 0 };
  say(3, 90, false);
  await until(async () => (await cluster()).status?.witness?.[0]?.sequence === 90, 30_000);
  expect((await cluster()).status?.witness).toEqual([figure]);
  await operator.kill();
  operator = await OperatorProcess.start(namespace);
  expect(await answerTo(4, 71)).toEqual({ of: { count: 4, random: 4 }, sequence: 90 });
}, 90_000);
