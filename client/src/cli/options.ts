import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_CLUSTER } from '../local/default-cluster.ts';

/* Options that several commands have. */

export const output = () =>
  new Option('--output <form>', 'how results are printed')
    .choices(['text', 'json'])
    .default('text');

export const cluster = () =>
  new Option('--cluster <name>', 'name of the cluster')
    .env('SYNOD_CLUSTER')
    .default(DEFAULT_CLUSTER);

export const natsUrl = () =>
  new Option('--nats-url <url>', "NATS server; without it the working folder's own").env(
    'SYNOD_NATS_URL',
  );

export function whole(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It wants a whole number from ${min} to ${max}.`);
  };
}
