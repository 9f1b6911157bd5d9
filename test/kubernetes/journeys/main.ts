#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';

/* `npm run test:kubernetes`: what is asked for, handed to jest. */

const JEST = [
  ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'],
  ...['--config', 'jest.kubernetes.config.js', '--runInBand'],
];
const ROUNDS_OF_ALL = 5;

interface Options {
  readonly all: boolean;
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly keep: boolean;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError('A whole number from 1 to 100 is expected.');
}

const program = new Command('npm run test:kubernetes --')
  .description(
    'Brings up a Kubernetes of three workers on this machine, installs the chart, and does to the ' +
      'cluster what people do, under load. Results are in build/journeys.json.',
  )
  .option('--all', `every journey, ${ROUNDS_OF_ALL} times; without it the short ones, once`, false)
  .option('--only <part...>', 'the journeys whose names have one of these parts', [])
  .option('--rounds <n>', 'how often', wholeNumber)
  .option('--keep', 'leave the lab up, with what is in it', false)
  .parse();

const { all, only, keep, rounds = all ? ROUNDS_OF_ALL : 1 } = program.opts<Options>();
const environment = {
  SYNOD_JOURNEYS: all ? 'all' : only.join('\n'),
  SYNOD_ROUNDS: String(rounds),
  SYNOD_KEEP: keep ? 'yes' : '',
};
const child = spawn(process.execPath, [...JEST, 'test/kubernetes/journeys'], {
  stdio: 'inherit',
  env: { ...process.env, ...environment },
});
child.once('exit', (code) => (process.exitCode = code ?? 1));
