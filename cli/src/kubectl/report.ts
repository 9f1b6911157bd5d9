import fs from 'node:fs';
import path from 'node:path';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Kubectl } from './kubectl.ts';
import { clusterOf, RESOURCE } from './paxos-cluster.ts';
import { isObject, withoutPasswords, withoutSecrets } from './secrets.ts';

const HTTP_PORT = 8080;
const LOG_LINES = '5000';
const OPERATORS = 'app.kubernetes.io/name=synod,app.kubernetes.io/component=operator';

export interface ReportOptions {
  readonly folder?: string;
}

/** A file of the report, and how it is got. */
type Part = readonly [file: string, text: () => Promise<string>];

/**
 * Puts into a new folder what a bug report needs: objects, events, logs, and what each member says
 * of itself. Secrets are not asked for, and what may hold one is taken out.
 * @throws CommandError when there is no such cluster, or the folder is there
 */
export async function report(
  kubectl: Kubectl,
  name: string | undefined,
  options: ReportOptions,
): Promise<void> {
  const cluster = await clusterOf(kubectl, name);
  const { metadata } = cluster;
  const folder = newFolder(options.folder ?? `synod-report-${metadata.name}`);
  const object = (...args: string[]) => objects(kubectl, ...args);
  const labels = `paxos.synod.dev/cluster=${metadata.name}`;
  const pods = cluster.status?.members?.map((member) => member.name) ?? [];
  const parts: Part[] = [
    ['paxoscluster.json', object('get', RESOURCE, metadata.name)],
    ['pods.json', object('get', 'pods', '--selector', labels)],
    ['statefulset.json', object('get', 'statefulsets', '--selector', labels)],
    ['volumes.json', object('get', 'persistentvolumeclaims', '--selector', labels)],
    ['events.txt', texts(kubectl, 'get', 'events', '--sort-by', '.lastTimestamp')],
    ...pods.flatMap((pod) => partsOfMember(kubectl, metadata.namespace, pod)),
    ...(await partsOfOperators(kubectl)),
  ];
  const missing: string[] = [];
  for (const [file, text] of parts) {
    process.stderr.write(`  ${file}\n`);
    try {
      fs.writeFileSync(path.join(folder, file), await text());
    } catch (error) {
      missing.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (missing.length > 0) fs.writeFileSync(path.join(folder, 'missing.txt'), lines(missing));
  const rest = missing.length > 0 ? ` ${missing.length} could not be had: see missing.txt.` : '';
  process.stdout.write(
    `${folder} has ${parts.length - missing.length} files.${rest} Look at them before you give them away.\n`,
  );
}

function newFolder(folder: string): string {
  try {
    fs.mkdirSync(folder);
    return folder;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'is there' : String(error);
    throw new CommandError(`${folder}: ${why}. Name a new folder with --folder.`, exitCodes.usage);
  }
}

function partsOfMember(kubectl: Kubectl, namespace: string, pod: string): Part[] {
  const page = (name: string) =>
    texts(
      kubectl,
      'get',
      '--raw',
      `/api/v1/namespaces/${namespace}/pods/${pod}:${HTTP_PORT}/proxy/${name}`,
    );
  const log = (...more: string[]) => texts(kubectl, 'logs', pod, '--tail', LOG_LINES, ...more);
  return [
    [`${pod}.status.json`, page('status')],
    [`${pod}.metrics.txt`, page('metrics')],
    [`${pod}.log`, log()],
    [`${pod}.previous.log`, log('--previous')],
  ];
}

/** Whoever may not look for them has none in the report. */
async function partsOfOperators(kubectl: Kubectl): Promise<Part[]> {
  const selected = ['pods', '--all-namespaces', '--selector', OPERATORS];
  const found = await kubectl.json('get', ...selected).catch(() => undefined);
  if (!isObject(found) || !Array.isArray(found['items'])) return [];
  const items = found['items'] as {
    readonly metadata: { readonly namespace: string; readonly name: string };
  }[];
  return items.map(({ metadata: { namespace, name } }) => {
    const log = ['logs', name, '--tail', LOG_LINES];
    return [
      `operator-${name}.log`,
      async () => withoutPasswords(await kubectl.of(namespace).text(...log)),
    ];
  });
}

function texts(kubectl: Kubectl, ...args: readonly string[]): () => Promise<string> {
  return async () => withoutPasswords(await kubectl.text(...args));
}

function objects(kubectl: Kubectl, ...args: readonly string[]): () => Promise<string> {
  return async () =>
    `${JSON.stringify(withoutSecrets(await kubectl.json(...args)), undefined, 2)}\n`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
