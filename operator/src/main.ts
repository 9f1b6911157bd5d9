#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { exitCodes } from '../../contract/src/error-codes.ts';
import { HttpListenError, startHttp } from '../../host/src/http-server.ts';
import { ConfigError } from '../../host/src/settings.ts';
import { VERSION } from '../../contract/src/version.ts';
import { configHelp, parseConfig, type Config } from './config.ts';
import { Client } from './kube/client.ts';
import { KubeConfigError, loadKubeConfig } from './kube/kube-config.ts';
import { systemClock } from './kube/clock.ts';
import { ApiLease } from './kube/lease-object.ts';
import { Election } from './kube/lease.ts';
import { createLogger } from '../../host/src/logger.ts';
import { Metrics } from './metrics.ts';
import { Operator } from './operator.ts';

const STOP_DEADLINE_MS = 15_000;

function readConfig(): Config {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(`${configHelp()}\n`);
    process.exit(exitCodes.ok);
  }
  return orUsage(() => parseConfig(args, process.env));
}

/** Ends the process with a sentence where a person has given it something wrong. */
function orUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const isUsage = error instanceof ConfigError || error instanceof KubeConfigError;
    if (!isUsage) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCodes.usage);
  }
}

async function main(): Promise<void> {
  const config = readConfig();
  const kubeConfig = orUsage(() => loadKubeConfig(config.kubeconfig, config.context));
  const log = createLogger(config.logLevel, { name: config.name });
  const end = (error: unknown): never => {
    const code = error instanceof HttpListenError ? exitCodes.unavailable : exitCodes.failed;
    log.fatal({ err: error, code }, error instanceof Error ? error.message : String(error));
    process.exit(code);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);

  const metrics = new Metrics(VERSION);
  const client = new Client(kubeConfig, {
    onAnswer: ({ verb, resource: { apiVersion, plural }, subresource, code }) => {
      const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
      const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
      metrics.apiRequests.inc({ verb, group, resource, code });
    },
  });
  // Pods of one name may follow one another.
  const identity = `${config.name}_${randomBytes(4).toString('hex')}`;
  let isHeard = false;
  let operator: Operator | undefined;
  const election = new Election({
    lease: new ApiLease(client, config.namespace, config.lease),
    identity,
    clock: systemClock,
    random: Math.random,
    log,
    onHeard: () => (isHeard = true),
  });
  metrics.readGaugesFrom(() => ({
    leader: operator?.leads ?? false,
    queueDepth: operator?.queueDepth ?? 0,
    clusters: operator?.clusters ?? 0,
  }));
  metrics.readConditionsFrom(() => operator?.conditions ?? []);
  metrics.readBackupsFrom(() => operator?.backups ?? []);
  const http = await startHttp({
    host: config.httpHost,
    port: config.httpPort,
    sources: {
      readiness: () => ({ ready: isHeard, reason: 'the API server has not been reached yet.' }),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    },
    readyz: 'whether it has reached the API server',
    failed: (err, url) => log.error({ err, url }, 'an answer over HTTP failed'),
  }).catch(end);
  log.info({ identity, port: http.port, version: VERSION }, 'the operator runs');

  const stop = (reason: string): void => {
    log.info({ reason }, 'stopping');
    setTimeout(() => end(new Error('it could not stop in time')), STOP_DEADLINE_MS).unref();
    election.stop();
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));

  await election.run(async (term) => {
    operator = new Operator({ config, client, identity, metrics, log }, term);
    await operator.run();
    operator = undefined;
  });
  await http.close();
  process.exit(exitCodes.ok);
}

await main();
