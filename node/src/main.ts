#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { exitCodes } from '../../contract/src/error-codes.ts';
import { ConfigError } from '../../host/src/settings.ts';
import { configHelp, parseConfig, type Config } from './config.ts';
import { exitCodeOf, sentenceOf } from './ending.ts';
import { createLogger, type Logger } from '../../host/src/logger.ts';
import { Node } from './service/node.ts';
import { WaitingRoom } from './service/waiting-room.ts';
import { FolderLock } from './storage/folder-lock.ts';

/** Whoever moves the pods of a cluster waits so long for each, at most. */
const STOP_DEADLINE_MS = 4_500;

function readConfig(): Config {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(`${configHelp()}\n`);
    process.exit(exitCodes.ok);
  }
  try {
    return parseConfig(args, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCodes.usage);
  }
}

async function lockFolder(config: Config, log: Logger): Promise<FolderLock> {
  const room = new WaitingRoom(config, log);
  const lock = await FolderLock.take(config.data, config.name, (wait) => room.waits(wait));
  await room.leave();
  return lock;
}

function open(node: () => Node, end: (error: unknown) => never): Node {
  try {
    return node();
  } catch (error) {
    return end(error);
  }
}

async function main(): Promise<void> {
  // Under load, values live until the next cut of the state, and are promoted. With V8's usual room
  // to grow the whole heap is then marked every 10,000 commands: up to a third of a node's CPU.
  setFlagsFromString('--heap-growing-percent=200');
  const config = readConfig();
  const log = createLogger(config.logLevel, { cluster: config.cluster, name: config.name });
  const end = (error: unknown): never => {
    const code = exitCodeOf(error);
    log.fatal({ err: error, code }, sentenceOf(error));
    process.exit(code);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);

  // While it waits for its data folder there is nothing to stop.
  let stopNode = (): Promise<void> => Promise.resolve();
  let stopping = false;
  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    setTimeout(() => end(new Error('it could not stop in time')), STOP_DEADLINE_MS).unref();
    stopNode().then(() => process.exit(exitCodes.ok), end);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Who started it with a channel and has gone will not stop it any more.
  process.on('disconnect', () => process.exit(exitCodes.failed));
  const lock = await lockFolder(config, log).catch(end);
  const crash = (): never => process.exit(exitCodes.failed);
  const left = (): never => process.exit(exitCodes.again);
  const node = open(() => new Node(config, lock, log, end, crash, left), end);
  stopNode = () => node.stop();
  await node.start().catch(end);
  process.send?.(JSON.stringify(node.status()));
}

await main();
