import { InvalidArgumentError, Option, type Command } from 'commander';
import { subjectToken } from '../../../contract/src/subjects.ts';
import type { ChangeCommandOptions } from './member.ts';
import { asking, whole } from './options.ts';
import type { SessionOptions } from './session.ts';

function nameOrId(text: string): string {
  if (subjectToken.test(text)) return text;
  throw new InvalidArgumentError(
    'Names and ids have letters, digits, - and _, at most 64 of them.',
  );
}

/** `synod member`: commander's part of it; what it does is in member.ts. */
export function addMemberCommand(program: Command): void {
  const member = program
    .command('member')
    .description('Show who votes and who learns; add, promote, remove and replace members.')
    .addHelpText('after', help);

  asking(member.command('list'))
    .description('Show every member: voter, learner, or an outsider that may be added.')
    .action(async (options: SessionOptions) => (await import('./member.ts')).list(options));

  changing(member.command('add'), 30)
    .description(
      'Turn a blank, running member into a learner. It receives everything and has no vote.',
    )
    .argument('<member>', 'the name of the new member; or its id, or how it begins', nameOrId)
    .action(async (member: string, options: ChangeCommandOptions) =>
      (await import('./member.ts')).change('add', member, options),
    );

  changing(member.command('promote'), 30)
    .description('Turn a learner that has caught up into a voter.')
    .argument('<member>', 'name or id of the learner', nameOrId)
    .addOption(force())
    .action(async (member: string, options: ChangeCommandOptions) =>
      (await import('./member.ts')).change('promote', member, options),
    );

  changing(member.command('remove'), 30)
    .description('Remove a voter or learner. After that you may stop its process.')
    .argument('<member>', 'name or id of the member; of one that is lost, its id', nameOrId)
    .addOption(force())
    .action(async (member: string, options: ChangeCommandOptions) =>
      (await import('./member.ts')).change('remove', member, options),
    );

  changing(member.command('replace'), 300)
    .description(
      'Put a blank member in the place of another one, running or lost: add the new one, wait ' +
        'until it has caught up, promote it, remove the old one.',
    )
    .argument(
      '<old>',
      'name or id of the member that is to go; of one that is lost, its id',
      nameOrId,
    )
    .argument('<new>', 'name or id of the one that is to come', nameOrId)
    .action(async (old: string, fresh: string, options: ChangeCommandOptions) =>
      (await import('./member.ts')).replace(old, fresh, options),
    );
}

function changing(command: Command, seconds: number): Command {
  return asking(command).addOption(
    new Option('--timeout <seconds>', 'how long it may take until it has settled')
      .argParser(whole(1, 86_400))
      .default(seconds),
  );
}

const force = () =>
  new Option(
    '--force',
    'also when too few of the voters that are left answer now: the cluster then stops until ' +
      'enough of them are back, and if they never come, what it holds is lost',
  );

const help = `
A learner gets everything that is decided, and its vote is counted nowhere: so a new member copies
the log without slowing down the others, and is promoted once it has it. One voter comes or goes at
a time, because only then do any two majorities, before and after, have a member in common; that
is what keeps the log one log. A command ends when its change is on the disks of a new majority.

Examples:
  synod member list             who votes, who learns, and who waits to be added
  synod member add n3           n3 was started with an empty folder; now it learns
  synod member promote n3       it has caught up; now it votes
  synod member remove n0        n0 votes no more; when this has ended, stop its process
  synod member replace n1 n4    n4 takes the place of n1
  synod member replace 5f0c n1  the member 5f0c… lost its disk: n1 has a new one, and a new id`;
