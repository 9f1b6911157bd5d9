#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../lab/command.ts';
import { LabError } from '../lab/lab-error.ts';
import { NAMESPACE } from './journey.ts';
import { OwnCluster } from './own-cluster.ts';

/* `npm run test:kubernetes`: what is asked for, handed to jest. */

const JEST = [
  ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'],
  ...['--config', 'jest.kubernetes.config.js', '--runInBand'],
];
const ROUNDS_OF_ALL = 5;
const NOT_OFFERED =
  'On a cluster of yours there are the short journeys, which need nothing but kubectl and helm. ' +
  'Faults, volumes, Prometheus, rights and NetworkPolicies are looked at in the lab alone.';

interface Options {
  readonly all: boolean;
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly keep: boolean;
  readonly context?: string;
  readonly image?: string;
  readonly nextImage?: string;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError('A whole number from 1 to 100 is expected.');
}

function imageName(text: string): string {
  if (/[^:]:[\w.-]+$/.test(text)) return text;
  throw new InvalidArgumentError('A name with a tag is expected, like synod:0.1.0.');
}

const program = new Command('npm run test:kubernetes --')
  .description(
    'Brings up a Kubernetes of three workers on this machine, installs the chart, and does to the ' +
      'cluster what people do, under load. Results are in build/journeys.json.',
  )
  .option('--all', `every journey, ${ROUNDS_OF_ALL} times; without it the short ones, once`, false)
  .option('--only <part...>', 'the journeys with one of these names, or parts of names', [])
  .option('--rounds <n>', 'how often', wholeNumber)
  .option('--keep', 'leave everything up, with what is in it', false)
  .option('--context <name>', 'on a cluster of your kubeconfig, and not in the lab')
  .option('--image <name:tag>', 'with --context: the image, pushed or loaded', imageName)
  .option('--next-image <name:tag>', 'with --context: another version, to roll to', imageName)
  .addHelpText('after', `\n${NOT_OFFERED}`)
  .parse();

/** What a cluster of the user is asked to do. */
async function ownCluster(options: Options): Promise<Record<string, string>> {
  const { context = '', image, nextImage } = options;
  if (options.all) throw new LabError(`--all needs the lab. ${NOT_OFFERED}`);
  if (image === undefined || nextImage === undefined) {
    throw new LabError('With --context, name two versions of the image: --image and --next-image.');
  }
  if (image === nextImage) throw new LabError(`${image} twice: nothing would roll.`);
  await new OwnCluster({ context, namespace: NAMESPACE, image, nextImage }).refuse();
  process.stderr.write(`${NOT_OFFERED}\n`);
  return { SYNOD_CONTEXT: context, SYNOD_IMAGE: image, SYNOD_NEXT_IMAGE: nextImage };
}

/** @throws LabError when options do not go together */
async function environmentOf(options: Options): Promise<Record<string, string>> {
  const { all, only, keep, rounds = all ? ROUNDS_OF_ALL : 1 } = options;
  const chosen = {
    SYNOD_JOURNEYS: all ? 'all' : only.join('\n'),
    SYNOD_ROUNDS: String(rounds),
    SYNOD_KEEP: keep ? 'yes' : '',
  };
  if (options.context !== undefined) return { ...chosen, ...(await ownCluster(options)) };
  if (options.image === undefined && options.nextImage === undefined) return chosen;
  throw new LabError('The lab builds its image: --image and --next-image go with --context.');
}

try {
  const environment = await environmentOf(program.opts<Options>());
  const child = spawn(process.execPath, [...JEST, 'test/kubernetes/journeys'], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  child.once('exit', (code) => (process.exitCode = code ?? 1));
} catch (error) {
  if (!(error instanceof LabError || error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
