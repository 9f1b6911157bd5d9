import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

export interface Container {
  name: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: SecretKey } }[];
  volumeMounts?: object[];
  securityContext?: object;
  lifecycle?: { preStop?: { exec?: { command: string[] } } };
}

interface SecretKey {
  name: string;
  key: string;
}

export interface PodSpec {
  containers: Container[];
  automountServiceAccountToken?: boolean;
  securityContext?: object;
  volumes?: object[];
  topologySpreadConstraints?: object[];
  terminationGracePeriodSeconds?: number;
}

interface Template {
  template?: {
    metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
    spec: PodSpec;
  };
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  data?: Record<string, string>;
  rules?: { apiGroups?: string[]; resources?: string[]; verbs: string[] }[];
  spec?: { jobTemplate?: { spec: Template } } & Template & Partial<PodSpec>;
}

/** @throws where it is no YAML: a key that is there twice is none */
export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text);
  for (const error of documents.flatMap(({ errors }) => errors)) throw error;
  return documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** `kubectl apply -k k8s/`: the chart, for a cluster `synod` in the namespace `synod`. */
export function plainManifests(): Manifest[] {
  return parseManifests(readFileSync('k8s/synod.yaml', 'utf8'));
}

export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** The environment of a container as the kubelet makes it. */
export function environmentOf(
  container: Container,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  pod: string,
): Record<string, string> {
  const made: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    const key = valueFrom?.secretKeyRef;
    made[name] =
      value?.replaceAll(/\$\((\w+)\)/g, (all, other: string) => made[other] ?? all) ??
      (key === undefined ? pod : (secrets[key.name]?.[key.key] ?? ''));
  }
  return made;
}
