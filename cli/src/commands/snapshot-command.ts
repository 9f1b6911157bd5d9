import { Option, type Command } from 'commander';
import { asking, cluster, output, whole } from './options.ts';
import type {
  FileOptions,
  KeepOptions,
  RestoreOptions,
  SaveCommandOptions,
  VerifyOptions,
} from './snapshot.ts';

/** `synod snapshot`: commander's part of it; what it does is in snapshot.ts. */
export function addSnapshotCommand(program: Command): void {
  const snapshot = program
    .command('snapshot')
    .description('Save what a cluster has to a file; check it; begin a new cluster with it.')
    .addHelpText('after', help);

  asking(snapshot.command('save'))
    .description('Save all that was answered to anybody until now, while the cluster goes on.')
    .argument('<file>', 'where it goes; or s3://<bucket>/<key>')
    .option('--member <member>', 'of this member, by name or id, and of no other one')
    .option('--local', 'as a member has it, which may be old: also when no quorum answers')
    .option('--force', 'overwrite the file, if there is one')
    .addOption(timeout())
    .action(async (file: string, options: SaveCommandOptions) =>
      (await import('./snapshot.ts')).save(file, options),
    );

  asking(snapshot.command('keep'))
    .description(
      'Save one to a folder, try it, name it by the time; then remove all but the newest there.',
    )
    .argument('<folder>', 'where they are kept; or s3://<bucket>/<prefix>')
    .addOption(
      new Option('--last <n>', 'so many stay that are whole').argParser(whole(1, 1_000)).default(7),
    )
    .addOption(timeout())
    .action(async (folder: string, options: KeepOptions) =>
      (await import('./snapshot.ts')).keep(folder, options),
    );

  snapshot
    .command('verify')
    .description('Read all of a snapshot, and see whether every bit of it is as it was saved.')
    .argument('<file>', 'the snapshot; or s3://<bucket>/<key>')
    .option('--restore', 'also see that a throw-away member begins with it')
    .addOption(output())
    .action(async (file: string, options: VerifyOptions) =>
      (await import('./snapshot.ts')).verify(file, options),
    );

  snapshot
    .command('inspect')
    .description('Verify a snapshot, and show its slot, hash, machine and origin.')
    .argument('<file>', 'the snapshot; or s3://<bucket>/<key>')
    .addOption(output())
    .action(async (file: string, options: FileOptions) =>
      (await import('./snapshot.ts')).inspect(file, options),
    );

  snapshot
    .command('restore')
    .description('Put a snapshot into new data folders: a new cluster begins with it.')
    .argument('<file>', 'the snapshot; or s3://<bucket>/<key>')
    .option('--data <folder>', "of one member; without it, those of the working folder's cluster")
    .option('--if-blank', 'where a folder has something in it, do nothing, and call it well')
    .addOption(cluster())
    .addOption(
      new Option('--nodes <n>', 'members, without --data').argParser(whole(1, 7)).default(3),
    )
    .addOption(output())
    .action(async (file: string, options: RestoreOptions) =>
      (await import('./snapshot.ts')).restore(file, options),
    );
}

const timeout = () =>
  new Option('--timeout <seconds>', 'how long nothing may come')
    .argParser(whole(1, 3_600))
    .default(30);

const help = `
What is restored is a new cluster: it has another id, and no member of the old one has a vote in
it. Nothing of the old cluster's members and sessions is kept.

S3 is used as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL_S3 say.

Examples:
  synod snapshot save orders.snapshot                 of any member
  synod snapshot keep backups --last 7                one more; the newest seven stay
  synod snapshot keep s3://backups/orders --last 7    the same, in a bucket
  synod snapshot verify orders.snapshot               whether it is whole
  synod snapshot verify orders.snapshot --restore     and a member can begin with it
  synod snapshot restore orders.snapshot --cluster b  a new cluster b in this folder
  synod up --cluster b                                start it`;
