/* The Grafana dashboard of one cluster: the source of charts/synod/files/dashboard.json. */

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

const source = { type: 'prometheus', uid: '${datasource}' };

/** Which series are of the chosen cluster: its name is a label of this one only. */
const info = 'synod_build_info{namespace="$namespace", cluster="$cluster"}';
const mine = (series: string) => `${series} * on (job, instance) group_left (name) ${info}`;
const rate = (metric: string) => mine(`rate(${metric}[$__rate_interval])`);

const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (${by}) (${rate(`${metric}_bucket`)}))`;

const mapping = (zero: string, one: string) => ({
  mappings: [
    {
      type: 'value',
      options: { 0: { text: zero, color: 'red' }, 1: { text: one, color: 'green' } },
    },
  ],
});

const panels: readonly Panel[] = [
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
    title: 'Damaged members',
    description: 'Members without roles, because their data is damaged.',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: `sum(${mine('synod_is_damaged')})`, legend: '' }],
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
    description: 'Time since each member started: it falls to zero at a restart.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [{ expr: `time() - (${mine('process_start_time_seconds')})`, legend: '{{name}}' }],
  },
];

const HEIGHT = { stat: 4, timeseries: 8 };
const COLUMNS = 24;

export function dashboard(): object {
  let x = 0;
  let y = 0;
  const placed = panels.map((panel, index) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + HEIGHT[panels[index - 1]?.type ?? 'stat']];
    const gridPos = { x, y, w: panel.width, h: HEIGHT[panel.type] };
    x += panel.width;
    return rendered(panel, index + 1, gridPos);
  });
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
      ],
    },
    panels: placed,
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
