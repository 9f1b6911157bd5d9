import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { NATS_SERVER_VERSION } from '../../client/src/local/nats-server.ts';
import { Metrics } from '../../node/src/metrics/metrics.ts';
import { generated } from '../../operator/manifests/generated.ts';
import {
  valuesJsonSchema,
  valuesSchema,
  type Node,
} from '../../operator/manifests/values-schema.ts';
import { specSchema } from '../../operator/src/api/spec.ts';

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

test('the dashboard asks for metrics that there are', async () => {
  const metrics = new Metrics({ version: '0', cluster: 'c', member: 'm' });
  metrics.sent.add('p1a');
  const there = await metrics.text();
  const { panels } = JSON.parse(read('charts/synod/files/dashboard.json')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const names = exprs.flatMap((expr) => expr.match(/\b(synod|process)_\w+/g) ?? []);
  expect(names.length).toBeGreaterThan(20);
  for (const name of new Set(names)) {
    expect(there).toMatch(new RegExp(`^# TYPE ${name.replace(/_bucket$/, '')} `, 'm'));
  }
});
