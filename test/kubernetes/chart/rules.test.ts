import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { Metrics } from '../../../node/src/metrics/metrics.ts';

/* The alerts, asked of the real promtool: each fires for what it is about, and none in calm. */

const RULES = path.resolve('charts/synod/files/rules.yaml');
/** Long enough for an hour that has an hour before it. */
const MINUTES = 130;

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const { groups } = parse(fs.readFileSync(RULES, 'utf8')) as {
  groups: { readonly rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = [...new Set(rules.flatMap(({ alert }) => alert ?? []))];

/** A series to its values, in promtool's words: `0+60x10` is 0, 60, 120, …, a minute each. */
type Series = Readonly<Record<string, string>>;

const constant = (value: number): string => `${value}x${MINUTES}`;
/** Otherwise for the last forty minutes. */
const since = (before: number, then: number): string => `${before}x${MINUTES - 40} ${then}x40`;
const rising = (by: number): string => `0+${by}x${MINUTES}`;
const pods = ['s-0', 's-1', 's-2'];
const of = (pod: string, more = ''): string => `{namespace="apps", pod="${pod}"${more}}`;
const ofAll = (metric: string, value: string, more = ''): Series =>
  Object.fromEntries(pods.map((pod) => [`${metric}${of(pod, more)}`, value]));
const builds = (version: (pod: string) => string, values = constant(1)): Series =>
  Object.fromEntries(
    pods.map((pod) => {
      const labels = `, cluster="s", name="${pod}", version="${version(pod)}"`;
      return [`synod_build_info${of(pod, labels)}`, values];
    }),
  );
const alarmsOf = (code: string, value: string): Series =>
  ofAll('synod_alarm', value, `, code="${code}"`);
const condition = (name: string, status: string, values: string): Series => {
  const labels = `namespace="apps", name="s", condition="${name}", status="${status}"`;
  return { [`synod_operator_cluster_condition{${labels}}`]: values };
};
const CODES = ['no-quorum', 'undecided', 'two-clusters', 'another-history', 'disk-slow'].concat([
  'disk-full',
  'quota-near',
  'quota-reached',
  'loop-stalled',
]);
const claim = (metric: string, value: number): Series => ({
  [`kubelet_volume_stats_${metric}{namespace="apps", persistentvolumeclaim="data-s-0"}`]:
    constant(value),
});
const backup =
  'synod_operator_backup_overdue{namespace="ops", cluster_namespace="apps", cluster="s"}';
const apiRequests = (code: string): string =>
  `synod_operator_api_requests_total{namespace="ops", pod="o", verb="patch", resource="pods", code="${code}"}`;

/** A cluster of three that is well, and its operator. */
const calm: Series = {
  ...builds(() => '1.0.0'),
  ...ofAll('synod_is_leader', constant(0)),
  [`synod_is_leader${of('s-0')}`]: constant(1),
  ...ofAll('synod_voters', constant(3)),
  ...ofAll('synod_unheard_members', constant(0)),
  ...ofAll('synod_is_damaged', constant(0)),
  ...ofAll('synod_is_halted', constant(0)),
  ...ofAll('synod_nats_connected', constant(1)),
  ...ofAll('synod_leader_changes_total', constant(4)),
  ...ofAll('synod_slot_out', rising(6_000)),
  ...ofAll('synod_requests_refused_total', constant(3), ', code="OVERLOADED"'),
  ...ofAll('synod_log_sync_seconds_bucket', rising(6_000), ', le="0.05"'),
  ...ofAll('synod_log_sync_seconds_bucket', rising(6_000), ', le="0.25"'),
  ...ofAll('synod_log_sync_seconds_bucket', rising(6_000), ', le="+Inf"'),
  ...ofAll('synod_commit_seconds_bucket', rising(6_000), ', le="0.25"'),
  ...ofAll('synod_commit_seconds_count', rising(6_000)),
  ...Object.fromEntries(CODES.flatMap((code) => Object.entries(alarmsOf(code, constant(0))))),
  ...claim('available_bytes', 8e9),
  ...claim('capacity_bytes', 10e9),
  'synod_operator_is_leader{namespace="ops", pod="o"}': constant(1),
  'synod_operator_is_leader{namespace="ops", pod="p"}': constant(0),
  [apiRequests('200')]: rising(60),
  [apiRequests('403')]: constant(2),
  ...condition('QuorumLost', 'True', constant(0)),
  ...condition('Available', 'False', constant(0)),
  ...condition('Available', 'True', constant(1)),
  ...condition('Degraded', 'True', constant(0)),
  ...condition('Ready', 'True', constant(1)),
  [backup]: constant(0),
};

const gone: Series = Object.fromEntries(
  Object.keys(calm)
    .filter((series) => series.includes('pod="s-'))
    .map((series) => [series, `${calm[series] === constant(1) ? 1 : 0}x${MINUTES - 25}`]),
);
const budget = { SynodAvailabilityBurns: 2 };

/** What is otherwise than in calm, and every alert that fires then, with how often. */
const cases: Readonly<Record<string, readonly [Series, Readonly<Record<string, number>>]>> = {
  SynodNoLeader: [
    { [`synod_is_leader${of('s-0')}`]: since(1, 0) },
    { SynodNoLeader: 1, ...budget },
  ],
  SynodNoQuorum: [alarmsOf('no-quorum', constant(1)), { SynodNoQuorum: 1 }],
  SynodUndecided: [alarmsOf('undecided', constant(1)), { SynodUndecided: 1 }],
  SynodClusterGone: [gone, { SynodClusterGone: 1 }],
  SynodMembersMissing: [ofAll('synod_voters', constant(5)), { SynodMembersMissing: 1 }],
  SynodMemberUnheard: [
    { [`synod_unheard_members${of('s-0')}`]: constant(1) },
    { SynodMemberUnheard: 1 },
  ],
  SynodMemberWithoutRoles: [
    { [`synod_is_damaged${of('s-1')}`]: constant(1), [`synod_is_halted${of('s-2')}`]: constant(1) },
    { SynodMemberWithoutRoles: 2 },
  ],
  SynodTwoClusters: [alarmsOf('two-clusters', constant(1)), { SynodTwoClusters: 1 }],
  SynodAnotherHistory: [alarmsOf('another-history', constant(1)), { SynodAnotherHistory: 1 }],
  SynodNatsDown: [
    ofAll('synod_nats_connected', constant(0)),
    { SynodNatsDown: 1, SynodMemberNatsDown: 3 },
  ],
  SynodMemberNatsDown: [
    { [`synod_nats_connected${of('s-1')}`]: constant(0) },
    { SynodMemberNatsDown: 1 },
  ],
  SynodLeaderFlapping: [
    { [`synod_leader_changes_total${of('s-0')}`]: rising(1) },
    { SynodLeaderFlapping: 1 },
  ],
  SynodSlowDisk: [
    { [`synod_log_sync_seconds_bucket${of('s-1', ', le="0.05"')}`]: rising(5_800) },
    { SynodSlowDisk: 1 },
  ],
  SynodDiskStalled: [
    { [`synod_alarm${of('s-1', ', code="disk-slow"')}`]: constant(1) },
    { SynodDiskStalled: 1 },
  ],
  SynodDiskFull: [
    { [`synod_alarm${of('s-1', ', code="disk-full"')}`]: constant(1) },
    { SynodDiskFull: 1 },
  ],
  SynodVolumeFull: [claim('available_bytes', 1e9), { SynodVolumeFull: 1 }],
  SynodQuotaNear: [alarmsOf('quota-near', constant(1)), { SynodQuotaNear: 1 }],
  SynodQuotaReached: [alarmsOf('quota-reached', constant(1)), { SynodQuotaReached: 1 }],
  SynodLag: [{ [`synod_slot_out${of('s-2')}`]: constant(5) }, { SynodLag: 1 }],
  SynodOverloaded: [
    { [`synod_requests_refused_total${of('s-0', ', code="OVERLOADED"')}`]: rising(600) },
    { SynodOverloaded: 1 },
  ],
  SynodLoopStalled: [
    // For five seconds at a time: a scrape sees one in several.
    { [`synod_alarm${of('s-0', ', code="loop-stalled"')}`]: '1 0 0 0 '.repeat(33) },
    { SynodLoopStalled: 1 },
  ],
  SynodMixedVersions: [
    {
      ...builds(() => '1.0.0', '_'),
      ...builds((pod) => (pod === 's-0' ? '1.1.0' : '1.0.0')),
    },
    { SynodMixedVersions: 1 },
  ],
  SynodOperatorDown: [
    { 'synod_operator_is_leader{namespace="ops", pod="o"}': constant(0) },
    { SynodOperatorDown: 1 },
  ],
  SynodOperatorRefused: [{ [apiRequests('403')]: rising(5) }, { SynodOperatorRefused: 1 }],
  SynodQuorumLost: [condition('QuorumLost', 'True', constant(1)), { SynodQuorumLost: 1 }],
  SynodUnavailable: [
    {
      ...condition('Available', 'False', since(0, 1)),
      ...condition('Available', 'True', since(1, 0)),
    },
    { SynodUnavailable: 1 },
  ],
  SynodDegraded: [condition('Degraded', 'True', constant(1)), { SynodDegraded: 1 }],
  SynodNotReady: [condition('Ready', 'True', constant(0)), { SynodNotReady: 1 }],
  SynodBackupOverdue: [{ [backup]: constant(1) }, { SynodBackupOverdue: 1 }],
  SynodAvailabilityBurns: [
    // Nobody leads for a minute of five: too short each time for an alert of its own.
    ofAll('synod_is_leader', '0 1 1 1 1 '.repeat(27)),
    { SynodAvailabilityBurns: 2 },
  ],
  SynodLatencyBurns: [
    ofAll('synod_commit_seconds_bucket', rising(4_800), ', le="0.25"'),
    { SynodLatencyBurns: 2 },
  ],
};

/** Asks promtool. @returns what it says is wrong; nothing when all is well */
function complaintsOf(
  series: Series,
  expected: Readonly<Record<string, number>>,
  minute = MINUTES - 5,
): string {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-rules-'));
  try {
    const file = path.join(folder, 'test.yaml');
    const input = Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const samples = Object.entries(expected).map(([alert, value]) => {
      return { labels: `{alertname="${alert}"}`, value };
    });
    const expr = 'count by (alertname) (ALERTS{alertstate="firing"})';
    const test = {
      interval: '1m',
      input_series: input,
      promql_expr_test: [{ expr, eval_time: `${minute}m`, exp_samples: samples }],
    };
    fs.writeFileSync(
      file,
      stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: [test] }),
    );
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return status === 0 ? '' : `${stdout}${stderr}`;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test('promtool finds nothing wrong with the rules', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});

test('in an hour of calm no alert fires', () => {
  expect(complaintsOf(calm, {})).toBe('');
});

test('a cluster that is being installed wakes nobody: it has led never yet', () => {
  const forming = {
    ...ofAll('synod_is_leader', constant(0)),
    ...condition('Available', 'True', constant(0)),
    ...condition('Available', 'False', constant(1)),
    ...condition('Ready', 'True', constant(0)),
  };
  expect(complaintsOf({ ...calm, ...forming }, {}, 25)).toBe('');
  expect(complaintsOf({ ...calm, ...forming }, { SynodNotReady: 1 }, 35)).toBe('');
});

test('a cluster that took two minutes to form, and leads since, wakes nobody', () => {
  const formed = { [`synod_is_leader${of('s-0')}`]: `0x2 1x${MINUTES}` };
  for (const minute of [4, 8, 12, 30])
    expect(complaintsOf({ ...calm, ...formed }, {}, minute)).toBe('');
});

test('a pod that was made again has two series for a moment, and no rule fails for it', () => {
  const labels = ', cluster="s", name="s-0", version="1.0.0", member="another"';
  expect(complaintsOf({ ...calm, [`synod_build_info${of('s-0', labels)}`]: constant(1) }, {})).toBe(
    '',
  );
});

test('each alert has a case', () => {
  expect(Object.keys(cases).sort()).toEqual([...alerts].sort());
});

test.each(Object.entries(cases))(
  '%s fires for what it is about, and no other',
  (_, [changed, expected]) => {
    expect(complaintsOf({ ...calm, ...changed }, expected)).toBe('');
  },
);

test('each alert has a severity, words for people, and its place in the runbooks', () => {
  const page = fs.readFileSync('docs/runbooks.md', 'utf8');
  const headings = [...page.matchAll(/^### (Synod\w+)$/gm)].map(([, name]) => name);
  expect(headings.sort()).toEqual([...alerts].sort());
  for (const { alert, labels, annotations } of rules) {
    if (alert === undefined) continue;
    expect(['critical', 'warning']).toContain(labels?.severity);
    expect(annotations?.['summary']).toMatch(/.+/);
    expect(annotations?.['description']).toMatch(/.+\.$/);
    expect(annotations?.['runbook_url']).toBe(`runbooks.md#${alert.toLowerCase()}`);
  }
});

test('the metrics of members that rules ask for are there', async () => {
  const metrics = await new Metrics({ version: '1', cluster: 's', member: 'a' }).text();
  const asked = new Set(rules.flatMap(({ expr }) => expr.match(/\bsynod_[a-z_]+/g) ?? []));
  const ofMembers = [...asked].filter((name) => !name.startsWith('synod_operator_'));
  for (const name of ofMembers) {
    expect(metrics).toContain(`# TYPE ${name.replace(/_(bucket|count)$/, '')} `);
  }
});
