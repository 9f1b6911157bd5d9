/*
 * The Grafana dashboard of one cluster and of its operator: the source of
 * charts/synod/files/dashboard.json.
 */

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries';
  readonly unit: string;
  readonly width: number;
  readonly queries: readonly Query[];
  readonly more?: object;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const source = { type: 'prometheus', uid: '${datasource}' };

/** Which series are of the chosen cluster: its name is a label of this one only. */
const info = 'synod_build_info{namespace="$namespace", cluster="$cluster"}';
const mine = (series: string) => `${series} * on (job, instance) group_left (name) ${info}`;
const rate = (metric: string) => mine(`rate(${metric}[$__rate_interval])`);

const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (${by}) (${rate(`${metric}_bucket`)}))`;

/** An operator does not say whose clusters it runs: it is chosen by its own namespace. */
const operators = (metric: string, range = '') =>
  `synod_operator_${metric}{namespace="$operator"}${range}`;

const mapping = (zero: string, one: string) => ({
  mappings: [
    {
      type: 'value',
      options: { 0: { text: zero, color: 'red' }, 1: { text: one, color: 'green' } },
    },
  ],
});

const clusterPanels: readonly Panel[] = [
  {
    title: 'Available',
    description: 'Whether a member leads: without a leader nothing is written.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `max(${mine('synod_is_leader')}) or vector(0)`, legend: '' }],
    more: mapping('no leader', 'available'),
  },
  {
    title: 'Leader',
    description: 'The member that leads.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `(${mine('synod_is_leader')}) == 1`, legend: '{{name}}' }],
  },
  {
    title: 'Members ready',
    description: 'Members that have caught up since they started.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `sum(${mine('synod_is_ready')})`, legend: '' }],
  },
  {
    title: 'Connected to NATS',
    description: 'Whether every member is.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `min(${mine('synod_nats_connected')})`, legend: '' }],
    more: mapping('no', 'yes'),
  },
  {
    title: 'Unfit members',
    description: 'Members without roles, because their data is damaged, or because they halted.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [
      { expr: `sum(${mine('synod_is_damaged')})`, legend: 'damaged' },
      { expr: `sum(${mine('synod_is_halted')})`, legend: 'halted' },
    ],
  },
  {
    title: 'Changes of leader',
    description: 'Times that members began to lead or ceased to, in an hour.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `sum(${mine('increase(synod_leader_changes_total[1h])')})`, legend: '' }],
  },
  {
    title: 'Commands',
    description: 'Commands applied per second. Each member applies all of them.',
    type: 'timeseries',
    unit: 'ops',
    width: 12,
    queries: [{ expr: `max(${rate('synod_commands_total')})`, legend: 'commands' }],
  },
  {
    title: 'Commit latency',
    description: 'From the arrival of a request at the leader to its reply.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [
      { expr: quantile(0.5, 'synod_commit_seconds', 'le'), legend: 'p50' },
      { expr: quantile(0.99, 'synod_commit_seconds', 'le'), legend: 'p99' },
    ],
  },
  {
    title: 'Lag',
    description: 'Slots behind the member that has applied the most.',
    type: 'timeseries',
    unit: 'none',
    width: 12,
    queries: [
      {
        expr: `scalar(max(${mine('synod_slot_out')})) - (${mine('synod_slot_out')})`,
        legend: '{{name}}',
      },
    ],
  },
  {
    title: 'Log sync, p99',
    description: 'Writing one batch of log records, durably.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [{ expr: quantile(0.99, 'synod_log_sync_seconds', 'le, name'), legend: '{{name}}' }],
  },
  {
    title: 'Disk',
    description: 'Size of log and state.',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    queries: [
      { expr: mine('synod_log_bytes'), legend: '{{name}} log' },
      { expr: mine('synod_state_bytes'), legend: '{{name}} state' },
    ],
  },
  {
    title: 'Restarts',
    description: 'Times that each member started again, in its pod or in a new one, in an hour.',
    type: 'timeseries',
    unit: 'none',
    width: 12,
    queries: [
      {
        // By name, because a new pod is another instance.
        expr: `changes((max by (name) (${mine('process_start_time_seconds')}))[1h:30s])`,
        legend: '{{name}}',
      },
    ],
  },
];

const operatorPanels: readonly Panel[] = [
  {
    title: 'Operators that lead',
    description: 'One does; for some seconds none, when the one that did is replaced.',
    type: 'stat',
    unit: 'none',
    width: 8,
    queries: [{ expr: `sum(${operators('is_leader')})`, legend: '' }],
    more: mapping('none', 'one'),
  },
  {
    title: 'Clusters',
    description: 'Clusters that it looks after.',
    type: 'stat',
    unit: 'none',
    width: 8,
    queries: [{ expr: `max(${operators('clusters')})`, legend: '' }],
  },
  {
    title: 'Queue',
    description: 'Clusters that wait to be reconciled.',
    type: 'stat',
    unit: 'none',
    width: 8,
    queries: [{ expr: `max(${operators('queue_depth')})`, legend: '' }],
  },
  {
    title: 'Reconciles',
    description: 'Reconciles per second, by result.',
    type: 'timeseries',
    unit: 'ops',
    width: 12,
    queries: [
      {
        expr: `sum by (result) (rate(${operators('reconciles_total', '[$__rate_interval]')}))`,
        legend: '{{result}}',
      },
    ],
  },
  {
    title: 'Reconcile, p99',
    description: 'How long a reconcile took.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [
      {
        expr: `histogram_quantile(0.99, sum by (le) (rate(${operators('reconcile_seconds_bucket', '[$__rate_interval]')})))`,
        legend: 'p99',
      },
    ],
  },
  {
    title: 'Requests of the API server',
    description: 'Requests per second, by HTTP code; "none" without an answer.',
    type: 'timeseries',
    unit: 'reqps',
    width: 12,
    queries: [
      {
        expr: `sum by (code) (rate(${operators('api_requests_total', '[$__rate_interval]')}))`,
        legend: '{{code}}',
      },
    ],
  },
  {
    title: 'Watches begun again',
    description: 'By reason, in an hour. Each ends after some minutes: that is as it should be.',
    type: 'timeseries',
    unit: 'none',
    width: 12,
    queries: [
      {
        expr: `sum by (reason) (increase(${operators('watch_restarts_total', '[1h]')}))`,
        legend: '{{reason}}',
      },
    ],
  },
  {
    title: 'Memory',
    description: 'Resident memory of each operator.',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    queries: [
      {
        expr: `process_resident_memory_bytes * on (job, instance) ${operators('build_info')}`,
        legend: '{{instance}}',
      },
    ],
  },
];

const rows: readonly Row[] = [
  { title: 'Cluster', panels: clusterPanels },
  { title: 'Operator', panels: operatorPanels },
];

const HEIGHT = { row: 1, stat: 4, timeseries: 8 };
const COLUMNS = 24;

/** Rows below one another, and in each its panels from left to right. */
function placed(): object[] {
  const all: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: HEIGHT.row };
    all.push({ id: all.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
    y += HEIGHT.row;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y] = [0, y + height];
      height = HEIGHT[panel.type];
      all.push(rendered(panel, all.length + 1, { x, y, w: panel.width, h: height }));
      x += panel.width;
    }
    y += height;
  }
  return all;
}

export function dashboard(): object {
  return {
    uid: 'synod-cluster',
    title: 'Synod cluster',
    tags: ['synod'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        variable('namespace', 'Namespace', 'label_values(synod_build_info, namespace)'),
        variable(
          'cluster',
          'Cluster',
          'label_values(synod_build_info{namespace="$namespace"}, cluster)',
        ),
        variable(
          'operator',
          'Operator in namespace',
          'label_values(synod_operator_build_info, namespace)',
        ),
      ],
    },
    panels: placed(),
  };
}

function variable(name: string, label: string, query: string): object {
  return { name, label, type: 'query', datasource: source, query, refresh: 2, sort: 1 };
}

function rendered(panel: Panel, id: number, gridPos: object): object {
  const { title, description, type, unit, queries, more = {} } = panel;
  const isStat = type === 'stat';
  return {
    id,
    title,
    description,
    type,
    datasource: source,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, ...more }, overrides: [] },
    ...(isStat && { options: { textMode: title === 'Leader' ? 'name' : 'value' } }),
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: source,
      expr,
      legendFormat: legend,
      ...(isStat && { instant: true }),
    })),
  };
}
