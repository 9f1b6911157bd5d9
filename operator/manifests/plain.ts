import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CHART, yaml, type Generated } from './generated.ts';
import { helm } from './helm.ts';

/* The manifests for `kubectl apply -k k8s/`: the chart, without what only Helm understands. */

interface Manifest {
  kind: string;
  metadata: {
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: { template?: Pick<Manifest, 'metadata'> };
}

const NAMESPACE = 'synod';

/** The cluster is a sample of its own: kubectl does not know its kind before the definition. */
const values = ['cluster.enabled=false', 'nats.clusters={synod}', 'crds.upgrade=false'];

export function plainManifests(root: string, program: string): Generated {
  const chart = path.join(root, CHART);
  const sets = values.flatMap((value) => ['--set', value]);
  const text = helm(program, 'template', 'synod', chart, '--namespace', NAMESPACE, ...sets);
  const manifests = parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
    .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== 'test')
    .map(plain)
    .sort((a, b) => order(a).localeCompare(order(b)));
  return { file: 'k8s/synod.yaml', text: manifests.map(yaml).join('---\n') };
}

function order({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

function plain(manifest: Manifest): Manifest {
  const { metadata, spec } = manifest;
  for (const each of [metadata, spec?.template?.metadata]) {
    if (each === undefined) continue;
    for (const map of [each.labels, each.annotations]) {
      for (const key of Object.keys(map ?? {})) {
        const helms = key.startsWith('helm.sh/') || key === 'app.kubernetes.io/managed-by';
        if (helms) Reflect.deleteProperty(map ?? {}, key);
      }
    }
    if (Object.keys(each.annotations ?? {}).length === 0) delete each.annotations;
  }
  return manifest;
}
