#!/usr/bin/env node
import { Command, Option } from 'commander';
import { exitCodes } from '../../contract/src/error-codes.ts';
import { VERSION } from '../../contract/src/version.ts';
import { machineNames } from '../../machines/src/names.ts';
import type { BenchOptions } from './commands/bench.ts';
import { measurements } from './bench/measurements.ts';
import { addChaosCommand } from './commands/chaos-command.ts';
import { failureJson, fail, isJsonAsked, CommandError } from './commands/command-error.ts';
import { addCompletionCommand } from './commands/completion.ts';
import type { LocalMemberOptions } from './commands/kill.ts';
import { addMachineWords } from './commands/machine-words.ts';
import { addMemberCommand } from './commands/member-command.ts';
import { asking, cluster, output, whole } from './commands/options.ts';
import type { SessionOptions } from './commands/session.ts';
import { addSnapshotCommand } from './commands/snapshot-command.ts';
import type { StatusOptions } from './commands/status.ts';
import type { StopAllOptions } from './commands/stopall.ts';
import type { UpOptions } from './commands/up.ts';

const program = new Command('synod');
program
  .description('A replicated log and linearizable state machines: Multi-Paxos over NATS.')
  .version(VERSION)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .addHelpText(
    'after',
    `
Examples:
  synod up                      three members on this machine, with a live view
  echo hello | synod up         append one line, print its slot, and stop
  synod append "good morning"   append to the cluster that runs in this folder
  synod log                     print its chat log
  synod status --watch          see whether all is well
  synod kill n1                 kill a member; "synod start n1" starts it again
  synod leader transfer         have another member lead
  synod member list             who votes and who learns
  synod snapshot save file      save what it has, while it goes on
  synod chaos run kill-leader   break one on purpose, and get a verdict
  synod master < script         run a master script`,
  );

if (isJsonAsked()) {
  program.configureOutput({
    outputError: (text, write) => {
      const sentence = text.trim().replace(/^error: /, '');
      write(`${failureJson(new CommandError(sentence, exitCodes.usage))}\n`);
    },
  });
} else {
  program.showHelpAfterError('(synod --help, or synod <command> --help, explains it)');
}

const MIB = 1024 * 1024;

program
  .command('up')
  .description('Start a cluster in this folder, and append each input line to its chat log.')
  .addOption(
    new Option('--nodes <n>', 'members (default: those of this folder, or 3)').argParser(
      whole(1, 7),
    ),
  )
  .addOption(cluster())
  .addOption(output())
  .action(async (options: UpOptions) => (await import('./commands/up.ts')).up(options));

program
  .command('kill')
  .description('Kill one member of this folder as a crash would, to see how the others go on.')
  .argument('<member>', 'its name, such as n1')
  .addOption(cluster())
  .addOption(output())
  .action(async (member: string, options: LocalMemberOptions) =>
    (await import('./commands/kill.ts')).kill(member, options),
  );

program
  .command('start')
  .description('Start a member of this folder again that was killed, or has ended.')
  .argument('<member>', 'its name, such as n1')
  .addOption(cluster())
  .addOption(output())
  .action(async (member: string, options: LocalMemberOptions) =>
    (await import('./commands/start.ts')).start(member, options),
  );

addMachineWords(program);

asking(program.command('status'))
  .description('Show whether the cluster is well, and every member: role, leader, slot, disk.')
  .option('--watch', 'again every second, until Ctrl-C')
  .action(async (options: StatusOptions) => (await import('./commands/status.ts')).status(options));

const leader = program
  .command('leader')
  .description('Show the leader, or make another member lead.');

asking(leader.command('show'))
  .description('Print name and id of the member that leads.')
  .action(async (options: SessionOptions) => (await import('./commands/leader.ts')).show(options));

asking(leader.command('transfer'))
  .description('Make another member lead. No command is lost.')
  .argument('[member]', 'its name or id; without it the leader chooses who has applied the most')
  .action(async (member: string | undefined, options: SessionOptions) =>
    (await import('./commands/leader.ts')).transfer(member, options),
  );

addMemberCommand(program);
addSnapshotCommand(program);
addChaosCommand(program);

program
  .command('master')
  .description('Run a master script from standard input; print the chat logs that it gets.')
  .addOption(
    new Option('--ack-timeout <seconds>', 'how long a waitForAck may take')
      .argParser(whole(1, 3600))
      .default(60),
  )
  .action(async (options: { ackTimeout: number }) =>
    (await import('./commands/master.ts')).master(options),
  );

program
  .command('process')
  .description("Start one process for a master's script, by hand; Ctrl-C ends it.")
  .argument('<id>', 'its number, from 0 on', whole(0, 6))
  .argument('<n>', 'how many processes there are', whole(1, 7))
  .argument('<port>', 'the TCP port for the master', whole(1, 65_535))
  .option('--data <folder>', "its data folder; without it one in the working folder's .synod")
  .addOption(new Option('--cluster <name>', 'name of the cluster').default('script'))
  .action(
    async (id: number, n: number, port: number, options: { data?: string; cluster: string }) =>
      (await import('./commands/process.ts')).scriptProcess({ id, n, port, ...options }),
  );

program
  .command('bench')
  .description(
    'Measure clusters here: speed beside bare NATS, overload, pressure, restart, recovery, catch-up.',
  )
  .option('--folder <folder>', 'where the data goes: on the disk that is to be measured', '.')
  .addOption(
    new Option('--only <measurement...>', 'measure only these; all without it').choices(
      measurements,
    ),
  )
  .addOption(
    new Option('--machine <name>', 'only this one for restart and throughput').choices(
      machineNames,
    ),
  )
  .addOption(new Option('--nodes <n>', 'members').argParser(whole(1, 7)).default(3))
  .addOption(new Option('--seconds <n>', 'length of a sample').argParser(whole(1, 600)).default(3))
  .addOption(new Option('--repetitions <n>', 'samples of each').argParser(whole(1, 100)).default(5))
  .addOption(
    new Option('--commands <n>', 'restart: applied before the nodes are killed')
      .argParser(whole(1, 1_000_000_000))
      .default(1_000_000),
  )
  .addOption(
    new Option('--log-bytes <n>', 'restart: --log-bytes of the nodes, which their logs grow to')
      .argParser(whole(4 * MIB, MIB * MIB))
      .default(128 * MIB),
  )
  .addOption(
    new Option('--state-mib <n>', 'catch-up: MiB of texts that the blank member takes')
      .argParser(whole(16, MIB))
      .default(256),
  )
  .option(
    '--svg <file>',
    'draw the recovery, or without it the overload, to this file (default: no drawing)',
  )
  .addOption(
    new Option(
      '--quick',
      'one very short sample of each: shows that it works, measures nothing',
    ).conflicts(['seconds', 'repetitions', 'commands', 'stateMib']),
  )
  .addOption(output())
  .addHelpText(
    'after',
    `
Measurements:
  restart      nodes are filled; their memory and logs; how soon killed ones are ready
  throughput   clients of several numbers, beside bare NATS request–reply, the ceiling
  overload     up to twice as much is asked as the cluster can do: what it answers, and when
  recovery     the leader is killed under load: the longest time without an answer
  catch-up     a blank member takes the state of another under load: how fast, and its price

Examples:
  synod bench --only recovery --svg recovery.svg
  synod bench --only overload --svg overload.svg
  synod bench --only restart --machine counter --commands 10000000`,
  )
  .action(async (options: BenchOptions) => (await import('./commands/bench.ts')).bench(options));

program
  .command('stopall')
  .description('End everything that was started from this folder, and destroy its data.')
  .option('--yes', 'on a terminal, do not ask first; elsewhere it never asks')
  .action(async (options: StopAllOptions) =>
    (await import('./commands/stopall.ts')).stopAll(options),
  );

addCompletionCommand(program);

program.parseAsync().catch(fail);
