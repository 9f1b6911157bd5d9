import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '../../journeys/cli-run.ts';
import { until } from '../lab/deadline.ts';
import { Discovery } from './discovery.ts';
import type { Release } from './release.ts';

const START_MS = 30_000;
const STOP_MS = 10_000;
const QUERY_MS = 10_000;
/** What an operator counted since the last scrape is not known when it is killed. */
const SCRAPE = '2s';
const RULES = path.resolve('charts/synod/files/rules.yaml');
const ANNOTATION = '__meta_kubernetes_pod_annotation_prometheus_io';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A rule, and what came of its last evaluation. */
export interface EvaluatedRule {
  readonly name: string;
  /** `unknown` before the first one. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

interface Answer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [time: number, value: string];
    }[];
  };
}

/** A real Prometheus on the host, which scrapes the pods of a release that are annotated for it. */
export class Prometheus {
  readonly #child: ChildProcess;
  readonly #discovery: Discovery;
  readonly #folder: string;
  readonly #port: number;

  private constructor(child: ChildProcess, discovery: Discovery, folder: string, port: number) {
    this.#child = child;
    this.#discovery = discovery;
    this.#folder = folder;
    this.#port = port;
  }

  static async start({ lab, namespace }: Release): Promise<Prometheus> {
    const folder = await mkdtemp(path.join(tmpdir(), 'synod-prometheus-'));
    const discovery = await Discovery.start(lab.kubeconfig, namespace);
    const [port = 0] = await freePorts(1);
    const config = path.join(folder, 'prometheus.json');
    // All JSON is YAML.
    writeFileSync(config, JSON.stringify(configuration(discovery.url)));
    const child = run(path.join(folder, 'log'), [
      ...['--config.file', config, '--storage.tsdb.path', path.join(folder, 'data')],
      ...['--web.listen-address', `127.0.0.1:${port}`],
    ]);
    const prometheus = new Prometheus(child, discovery, folder, port);
    try {
      await until('Prometheus was ready', START_MS, () => prometheus.#isReady());
    } catch (error) {
      const log = readFileSync(path.join(folder, 'log'), 'utf8').slice(-2000);
      await prometheus.stop();
      throw new Error(`Prometheus did not start: ${log}`, { cause: error });
    }
    return prometheus;
  }

  /** @throws Error when it does not understand the query */
  async query(query: string): Promise<Sample[]> {
    const search = new URLSearchParams({ query }).toString();
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?${search}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(QUERY_MS) });
    const { error, data } = (await response.json()) as Answer;
    if (data?.resultType !== 'vector') {
      throw new Error(`${query}: ${error ?? `a ${data?.resultType ?? 'nothing'}`}`);
    }
    return data.result.map(({ metric, value: [, value] }) => ({
      labels: metric,
      value: Number(value),
    }));
  }

  /** The rules of the chart. */
  async rules(): Promise<EvaluatedRule[]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/rules`;
    const response = await fetch(url, { signal: AbortSignal.timeout(QUERY_MS) });
    const { data } = (await response.json()) as {
      readonly data: { readonly groups: readonly { readonly rules: readonly EvaluatedRule[] }[] };
    };
    return data.groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    this.#discovery.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
      await exit;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    const { exitCode } = this.#child;
    if (exitCode !== null) throw new Error(`it ended with ${exitCode}`);
    const url = `http://127.0.0.1:${this.#port}/-/ready`;
    return (await fetch(url, { signal: AbortSignal.timeout(QUERY_MS) })).ok;
  }
}

/** It does not outlive this process, however that ends. */
function run(file: string, args: readonly string[]): ChildProcess {
  const log = openSync(file, 'a');
  try {
    const command = ['--pdeathsig', 'KILL', 'prometheus', ...args];
    return spawn('setpriv', command, { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}

/** The rules that most people have for pods that are annotated. */
function configuration(pods: string): object {
  return {
    global: { scrape_interval: SCRAPE, scrape_timeout: SCRAPE, evaluation_interval: SCRAPE },
    rule_files: [RULES],
    scrape_configs: [
      {
        job_name: 'kubernetes-pods',
        http_sd_configs: [{ url: pods, refresh_interval: SCRAPE }],
        relabel_configs: [
          { source_labels: [`${ANNOTATION}_scrape`], action: 'keep', regex: 'true' },
          {
            source_labels: [`${ANNOTATION}_path`],
            regex: '(.+)',
            target_label: '__metrics_path__',
          },
          {
            source_labels: ['__address__', `${ANNOTATION}_port`],
            regex: '([^:]+)(?::\\d+)?;(\\d+)',
            replacement: '$1:$2',
            target_label: '__address__',
          },
          { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
          { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
        ],
      },
    ],
  };
}
