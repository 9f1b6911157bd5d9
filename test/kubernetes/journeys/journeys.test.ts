import { mkdirSync, writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { until } from '../lab/deadline.ts';
import { Lab } from '../lab/lab.ts';
import { Recorder } from '../network/recorder.ts';
import { complaintsOf, kindsOf } from '../network/verdict.ts';
import { dashboardQueries } from './dashboard.ts';
import { InLab } from './in-lab.ts';
import { NAMESPACE, RIVAL, say } from './journey.ts';
import { journeys } from './journeys.ts';
import { Load, type Outage } from './load.ts';
import { OwnCluster } from './own-cluster.ts';
import { Prometheus } from './prometheus.ts';
import { Release } from './release.ts';
import { callsMade, callsWithoutRight, grantedRights, rightsWithoutCall } from './rights.ts';

/*
 * What people do to a cluster, and what happens to it, on a real Kubernetes under load: nothing
 * that was acknowledged is lost, and nothing runs twice. SYNOD_JOURNEYS=all runs all of them, parts
 * of names (a line each) those that have one; SYNOD_ROUNDS says how often. With SYNOD_CONTEXT it is
 * done on a cluster that somebody has, as far as kubectl and helm are enough for it.
 */

const NAME = 'synod';
/** On a machine that does nothing else it takes half a minute. */
const READY_MS = 180_000;
const JOURNEY_MS = 15 * 60_000;
/** A rate needs two scrapes, and restarts are looked at every 30 s. */
const SCRAPED_MS = 120_000;
/** Alerts about the disks of the machine that this runs on. */
const OF_THE_MACHINE = ['SynodDiskStalled', 'SynodDiskFull'];
/** Of a journey: without them it would show nothing. */
const LEAST_WRITES = 200;
const wanted = process.env['SYNOD_JOURNEYS'] ?? '';
const keeps = process.env['SYNOD_KEEP'] === 'yes';
const repetitions = Number(process.env['SYNOD_ROUNDS'] ?? '1');

interface Row extends Outage {
  readonly journey: string;
  readonly seconds: number;
}

/** The lab, unless somebody named a cluster. */
function kubernetesOf(environment: NodeJS.ProcessEnv): InLab | OwnCluster {
  const { SYNOD_CONTEXT: context, SYNOD_IMAGE: image, SYNOD_NEXT_IMAGE: nextImage } = environment;
  if (context !== undefined && image !== undefined && nextImage !== undefined) {
    return new OwnCluster({ context, namespace: NAMESPACE, image, nextImage });
  }
  return new InLab(new Lab((line) => process.stderr.write(`lab: ${line}\n`)));
}

const kubernetes = kubernetesOf(process.env);
const isOwn = kubernetes.lab === undefined;
const inLab = isOwn ? test.skip : test;
const chosen = journeys
  .filter(({ always }) => !isOwn || always)
  .filter(({ name, always }) => (wanted === '' ? always : wanted === 'all' || isWanted(name)));
const runs = Array.from({ length: repetitions }, (_, n) =>
  chosen.map((journey) => ({
    journey,
    name: journey.name,
    title: `${journey.name}, round ${n + 1}`,
  })),
).flat();

/** A whole name stands for that one alone, and not for those that begin like it. */
function isWanted(name: string): boolean {
  const all = journeys.map((journey) => journey.name);
  return wanted
    .split('\n')
    .some((part) => part === name || (!all.includes(part) && name.includes(part)));
}

const rows: Row[] = [];
const release = new Release(kubernetes, NAME, NAMESPACE, [
  ...imageValues(kubernetes.image),
  'cluster.machine=counter',
  'cluster.storage.size=1Gi',
  // One of the journeys has an operator of another release work on this cluster.
  `networkPolicy.natsClients[0].podSelector.matchLabels.app\\.kubernetes\\.io/instance=${RIVAL}`,
]);
let load: Load | undefined;
let prometheus: Prometheus | undefined;
let recorder: Recorder | undefined;

beforeAll(async () => {
  await kubernetes.up();
  await release.clear();
  if (kubernetes.lab !== undefined) recorder = new Recorder(kubernetes.lab.kubeconfig);
}, 30 * 60_000);

afterAll(async () => {
  await load?.stop();
  await prometheus?.stop();
  recorder?.close();
  await kubernetes.end(keeps);
  process.stderr.write(`${table(rows)}\n`);
}, 10 * 60_000);

test(
  'install: ready',
  async () => {
    const begin = performance.now();
    await reporting('install', async () => {
      await release.install();
      await release.settled(READY_MS);
    });
    const seconds = (performance.now() - begin) / 1000;
    record({ journey: 'install', seconds, writes: 0, perSecond: 0, longestMs: 0, unknown: 0 });
    load = await Load.start(release);
    if (!isOwn) prometheus = await Prometheus.start(release);
  },
  JOURNEY_MS,
);

test(
  'helm test: a writer of the release writes and reads',
  () => reporting('helm test', () => release.test()),
  JOURNEY_MS,
);

test.each(runs)(
  '$title',
  async ({ journey, name }) => {
    const writers = begun();
    writers.mark();
    const begin = performance.now();
    await reporting(name, async () => {
      await journey.run(release, writers);
      expect(await writers.complaints()).toEqual([]);
    });
    const outage = writers.outage();
    record({ journey: name, seconds: (performance.now() - begin) / 1000, ...outage });
    expect(outage.writes).toBeGreaterThan(LEAST_WRITES);
  },
  JOURNEY_MS,
);

// Before the release is removed: roles may go before the operator has ended.
inLab('the operator has the rights that it uses, and no others', async () => {
  const granted = await grantedRights(release);
  const calls = await callsMade(release, scraped());
  const hasRestarted = chosen.some(({ restartsApiServer }) => restartsApiServer);
  expect(callsWithoutRight(granted, calls, hasRestarted)).toEqual([]);
  // A journey alone does not need all of them.
  const isWhole = wanted === '' || wanted === 'all';
  expect(isWhole ? rightsWithoutCall(granted, calls) : []).toEqual([]);
});

// Before the release is removed: that is no calm.
inLab('Prometheus evaluates every rule, and no journey of CI has woken anybody', async () => {
  const rules = await scraped().rules();
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  const alerts = rules.filter(({ name }) => name.startsWith('Synod'));
  expect(alerts.length).toBeGreaterThan(20);
  const query = 'last_over_time(ALERTS{alertstate="firing"}[1h])';
  const fired = (await scraped().query(query)).map(({ labels }) => labels);
  say(`alerts that fired: ${fired.map(({ alertname }) => alertname).join(', ') || 'none'}`);
  const isOfMachine = ({ alertname = '' }: Readonly<Record<string, string>>): boolean =>
    OF_THE_MACHINE.includes(alertname);
  const critical = fired.filter((each) => each['severity'] === 'critical' && !isOfMachine(each));
  // Other journeys break more than that.
  expect(wanted === '' ? critical : []).toEqual([]);
});

test(
  'uninstalled and installed again, over volumes that were kept: the same data',
  async () => {
    await reporting('reinstall', async () => {
      const writers = begun();
      await writers.stop();
      await release.uninstall();
      await release.install();
      await release.settled(READY_MS);
      load = await Load.start(release);
      expect(await load.compare(writers.registers)).toEqual([]);
    });
  },
  JOURNEY_MS,
);

inLab(
  'every query of the dashboard has data, and it has seen the members start again',
  async () => {
    const queries = dashboardQueries({
      ...{ cluster: NAME, namespace: release.namespace, operator: release.namespace },
      ...{ __rate_interval: '1m', __range: '1h' },
    });
    await until('every query had data', SCRAPED_MS, async () => {
      const answers = await Promise.all(
        queries.map(async (query) => ({ ...query, samples: await scraped().query(query.expr) })),
      );
      const silent = answers.filter(({ samples }) => samples.every(({ value }) => isNaN(value)));
      const restarted = answers
        .filter(({ panel }) => panel === 'Restarts')
        .flatMap(({ samples }) => samples.filter(({ value }) => value > 0));
      const names = silent.map(({ panel, expr }) => `${panel}: ${expr}`);
      if (restarted.length === 0) names.push('Restarts: none, though all were installed again');
      if (names.length > 0) throw new Error(`without data: ${names.join('\n')}`);
      return true;
    });
  },
  SCRAPED_MS + 30_000,
);

inLab('NetworkPolicies allow all connections that were made, and none of a list', async () => {
  if (recorder === undefined) throw new Error('Nothing was recorded.');
  const recording = await recorder.read();
  say(`connections that were made:\n  ${kindsOf(recording).join('\n  ')}`);
  expect(complaintsOf(recording, NAME)).toEqual([]);
});

function scraped(): Prometheus {
  if (prometheus === undefined) throw new Error('There is no Prometheus.');
  return prometheus;
}

function begun(): Load {
  if (load === undefined) throw new Error('There is no load: the release was not installed.');
  return load;
}

/** Says at once what went wrong, and what the cluster looked like then. */
async function reporting(name: string, work: () => Promise<void>): Promise<void> {
  say(`${name} begins`);
  try {
    await work();
  } catch (error) {
    say(`${name}: ${String(error)}\n${await release.report()}`);
    throw error;
  }
}

function imageValues(name: string): string[] {
  const colon = name.lastIndexOf(':');
  return [`image.repository=${name.slice(0, colon)}`, `image.tag=${name.slice(colon + 1)}`];
}

/** Kept at once: a run of all journeys takes long. */
function record(row: Row): void {
  rows.push(row);
  mkdirSync('build', { recursive: true });
  writeFileSync('build/journeys.json', JSON.stringify(rows, undefined, 2));
}

function table(all: readonly Row[]): string {
  const head = ['journey', 'runs', 'took s', 'writes/s', 'stopped ms: p50', 'worst', 'unknown'];
  const drawn = new Table({ head, style: { head: [], border: [] } });
  for (const journey of new Set(all.map((row) => row.journey))) {
    const of = all.filter((row) => row.journey === journey);
    const sorted = (value: (row: Row) => number) => of.map(value).sort((a, b) => a - b);
    const middle = (values: readonly number[]) => values[Math.floor(values.length / 2)] ?? 0;
    const stopped = sorted(({ longestMs }) => longestMs);
    drawn.push([
      journey,
      of.length,
      middle(sorted(({ seconds }) => seconds)).toFixed(1),
      middle(sorted(({ perSecond }) => perSecond)),
      middle(stopped),
      stopped.at(-1) ?? 0,
      of.reduce((sum, { unknown }) => sum + unknown, 0),
    ]);
  }
  return drawn.toString();
}
