#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { anonymousMib } from '../../../cli/src/bench/memory.ts';
import { findNatsServer } from '../../../cli/src/local/nats-server.ts';
import type { PaxosCluster } from '../../../operator/src/api/paxos-cluster.ts';
import { Client } from '../../../operator/src/kube/client.ts';
import { loadKubeConfig } from '../../../operator/src/kube/kube-config.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { ApiServer } from '../api-server.ts';
import { createCluster } from '../kube/cluster-sample.ts';
import { until } from '../kube/until.ts';
import { OperatorProcess } from '../operator-process.ts';
import { IdleMembers, nameOf } from './members.ts';
import { runPods } from './pods.ts';

/* `npm run bench:operator`: what an operator costs whose clusters are all well. */

const NAMESPACE = 'default';
const SETTLE_MS = 180_000;
/** Two looks at each show that it rests; and code that runs all the time is compiled. */
const WARM_MS = 180_000;
const PARTS = 5;
/** Of the time that a process has had, in /proc. */
const TICKS_PER_SECOND = 100;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 250) return value;
  throw new InvalidArgumentError('A whole number from 1 to 250 is expected.');
}

const { clusters, seconds } = new Command('npm run bench:operator --')
  .description(
    'Runs the operator on a kube-apiserver and a nats-server, with clusters whose members are ' +
      'played by this process, and measures what it costs when nothing happens.',
  )
  .option('--clusters <n>', 'clusters of three members', wholeNumber, 50)
  .option('--seconds <n>', `seconds of each of the ${PARTS} measurements`, wholeNumber, 30)
  .parse()
  .opts<{ clusters: number; seconds: number }>();

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Seconds of a core that the process has had. */
function coreSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measure(operator: OperatorProcess): Promise<void> {
  const { pid } = operator;
  const count = async (name: string) => (await operator.metric(name)) ?? 0;
  const looks = () => count('synod_operator_reconciles_total{result="done"}');
  const glances = () => count('synod_operator_glances_total');
  const shares: number[] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const before = [coreSeconds(pid), await looks(), await glances()] as const;
    await sleep(seconds * 1_000);
    const after = [coreSeconds(pid), await looks(), await glances()] as const;
    const [cpu, all, quick] = after.map((value, i) => (value - (before[i] ?? 0)) / seconds);
    const share = 100 * (cpu ?? 0);
    shares.push(share);
    const memory = anonymousMib(pid)?.toFixed(0) ?? '?';
    say(
      `${share.toFixed(2)} % of a core, RssAnon ${memory} MiB, ` +
        `${all?.toFixed(2)} looks a second, ${quick?.toFixed(2)} of them glances`,
    );
  }
  const [least, , median, , most] = shares.sort((a, b) => a - b).map((share) => share.toFixed(2));
  process.stdout.write(
    `${clusters} idle clusters: ${median} % of a core (${least}–${most}), ` +
      `RssAnon ${anonymousMib(pid)?.toFixed(0) ?? '?'} MiB\n`,
  );
}

process.env['NATS_SERVER'] = await findNatsServer(process.env, say);
const api = await ApiServer.start();
const nats = await NatsProcess.reserve();
await nats.start();
const members = await IdleMembers.start(nats.url, NAMESPACE, clusters);
const operator = await OperatorProcess.start(NAMESPACE, api.kubeconfig);
try {
  const client = new Client(loadKubeConfig(api.kubeconfig, undefined));
  const names = Array.from({ length: clusters }, (_, cluster) => nameOf(cluster));
  for (const name of names) {
    await createCluster(client, NAMESPACE, name, { nats: { url: nats.url } });
  }
  const find = (resource: (typeof kinds)['Pod'], name: string) =>
    client.send({ verb: 'get', resource, namespace: NAMESPACE, name });
  say(`${clusters} clusters are there; waiting for what the operator makes of them`);
  for (const [cluster, name] of names.entries()) {
    await until(
      () =>
        find(kinds.StatefulSet, name).then(
          () => true,
          () => false,
        ),
      SETTLE_MS,
    );
    await runPods(client, NAMESPACE, cluster);
  }
  for (const name of names) {
    await until(async () => {
      const { status } = (await find(kinds.PaxosCluster, name)) as PaxosCluster;
      return status?.phase === 'Running';
    }, SETTLE_MS);
  }
  say('all of them run');
  await sleep(WARM_MS);
  await measure(operator);
} finally {
  await operator.kill();
  await members.stop();
  await nats.kill();
  await api.stop();
}
