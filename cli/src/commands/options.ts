import { InvalidArgumentError, Option, type Command } from 'commander';
import { clientRoles } from '../../../contract/src/roles.ts';
import {
  DEFAULT_CLUSTER,
  DEFAULT_NAMESPACE,
  subjectToken,
} from '../../../contract/src/subjects.ts';

/* Options that several commands have. */

export const output = () =>
  new Option('--output <form>', 'how results are printed')
    .choices(['text', 'json'])
    .default('text');

export const cluster = () =>
  new Option('--cluster <name>', 'name of the cluster')
    .env('SYNOD_CLUSTER')
    .argParser(named(DEFAULT_CLUSTER))
    .default(DEFAULT_CLUSTER);

const connecting = () => [
  new Option('--namespace <name>', 'namespace of the cluster')
    .env('SYNOD_NAMESPACE')
    .argParser(named(DEFAULT_NAMESPACE))
    .default(DEFAULT_NAMESPACE),
  new Option(
    '--nats-url <url>',
    "NATS server, or several, separated by commas; without it the working folder's own",
  ).env('SYNOD_NATS_URL'),
  new Option('--nats-credentials <folder>', 'folder with the files username and password').env(
    'SYNOD_NATS_CREDENTIALS_DIR',
  ),
  new Option('--nats-tls <folder>', 'folder with ca.crt, and tls.crt with tls.key if wanted').env(
    'SYNOD_NATS_TLS_DIR',
  ),
  new Option('--nats-role <role>', 'what the NATS user may do')
    .env('SYNOD_NATS_ROLE')
    .choices(clientRoles)
    .default('administrator'),
];

/** Of a command that asks a cluster for something. */
export function asking(command: Command): Command {
  for (const option of [cluster(), ...connecting(), output()]) command.addOption(option);
  return command;
}

/** A name that may stand in a subject of NATS; an empty variable counts as none. */
function named(fallback: string) {
  return (text: string): string => {
    if (text === '') return fallback;
    if (subjectToken.test(text)) return text;
    throw new InvalidArgumentError('It wants letters, digits, - and _, at most 64 of them.');
  };
}

export function whole(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
