import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { NATS_SERVER_VERSION } from '../../cli/src/local/nats-server.ts';
import { Metrics as NodeMetrics } from '../../node/src/metrics/metrics.ts';
import { generated } from '../../operator/manifests/generated.ts';
import {
  valuesJsonSchema,
  valuesSchema,
  type Node,
} from '../../operator/manifests/values-schema.ts';
import { specSchema } from '../../operator/src/api/spec.ts';
import { Metrics as OperatorMetrics } from '../../operator/src/metrics.ts';

/* What is generated of the chart and the plain manifests is up to date, and complete. */

const root = path.resolve('.');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

test.each(generated(root))('$file is what "npm run manifests" writes', ({ file, text }) => {
  expect(read(file)).toBe(text);
});

/** The paths of all values: of the schema, or of values.yaml. */
function leaves(node: unknown, below: (node: unknown) => object | undefined, name = ''): string[] {
  const children = below(node);
  if (children === undefined) return [name];
  return Object.entries(children).flatMap(([key, child]) =>
    leaves(child, below, name === '' ? key : `${name}.${key}`),
  );
}

describe('the values', () => {
  const values: unknown = parse(read('charts/synod/values.yaml'));
  const schema = valuesJsonSchema();

  test('of values.yaml are valid', () => {
    expect(valuesSchema.strict().safeParse(values).error).toBeUndefined();
  });

  test('have a default each, but for what the spec of a cluster has', () => {
    const names = leaves(schema, (node) => (node as Node).properties);
    const own = names.filter((name) => !name.startsWith('cluster.') && name !== 'global');
    const given = own.filter((name) => {
      const found = name
        .split('.')
        .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], values);
      return found !== undefined;
    });
    expect(given).toEqual(own);
    expect(own.length).toBeGreaterThan(30);
  });

  test('are described, each of them', () => {
    const rows = [...read('charts/synod/README.md').matchAll(/^\| `([^`]+)` +\| (\S?)/gm)];
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter(([, , first]) => first === '').map(([, name]) => name)).toEqual([]);
  });
});

test('the versions are one', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const chart: unknown = parse(read('charts/synod/Chart.yaml'));
  expect(chart).toMatchObject({ version, appVersion: version });
  expect(parse(read('k8s/kustomization.yaml'))).toMatchObject({ images: [{ newTag: version }] });
  const values: unknown = parse(read('charts/synod/values.yaml'));
  expect(values).toMatchObject({ nats: { image: { tag: NATS_SERVER_VERSION } } });
});

test.each(['cluster', 'five-members'])('the sample %s is a PaxosCluster', (name) => {
  const samples = parseAllDocuments(read(`k8s/samples/${name}.yaml`));
  for (const { spec } of samples.map((sample) => sample.toJS() as { spec: unknown })) {
    expect(specSchema.strict().safeParse(spec).error).toBeUndefined();
  }
});

describe('the dashboard', () => {
  interface Dashboard {
    readonly templating: { readonly list: readonly { readonly query: string }[] };
    readonly panels: readonly {
      readonly type: string;
      readonly title: string;
      readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
      readonly targets?: readonly { readonly expr: string }[];
    }[];
  }
  const { templating, panels } = JSON.parse(read('charts/synod/files/dashboard.json')) as Dashboard;
  const queries = [
    ...templating.list.map(({ query }) => query),
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];

  test('asks for metrics that there are', async () => {
    const node = new NodeMetrics({ version: '0', cluster: 'c', member: 'm' });
    const there = `${await node.text()}${await new OperatorMetrics('0').text()}`;
    const names = queries.flatMap((query) => query.match(/\b(synod|process|nodejs)_\w+/g) ?? []);
    for (const name of new Set(names)) {
      // A histogram is declared by what stands before its buckets.
      expect(there).toMatch(new RegExp(`^# TYPE ${name.replace(/_bucket$/, '')} `, 'm'));
    }
    expect(names.length).toBeGreaterThan(30);
  });

  test('has no query without a metric of ours', () => {
    const asks = queries.filter((query) => query !== 'prometheus');
    expect(asks.filter((query) => !/synod_/.test(query))).toEqual([]);
  });

  test('has a query in each panel, and no two panels in one place', () => {
    const shown = panels.filter(({ type }) => type !== 'row');
    expect(shown.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
    const corners = panels.map(({ gridPos: { x, y } }) => `${x}, ${y}`);
    expect(new Set(corners).size).toBe(corners.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });
});
