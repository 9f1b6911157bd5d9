#!/usr/bin/env node
import { Command } from 'commander';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { VERSION } from '../../../contract/src/version.ts';
import { fail } from '../commands/command-error.ts';
import { output } from '../commands/options.ts';
import { Kubectl, type KubectlFlags } from './kubectl.ts';
import { lost, type ConsentOptions } from './lost.ts';
import { recover } from './recover.ts';
import { report, type ReportOptions } from './report.ts';
import { status, type KubectlStatusOptions } from './status.ts';

/* The plugin of kubectl: a program called kubectl-synod on the PATH is `kubectl synod`. */

const program = new Command('kubectl synod');
program
  .description('Clusters of Synod on Kubernetes, with the configuration and the rights of kubectl.')
  .version(VERSION)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .showHelpAfterError('(kubectl synod --help, or kubectl synod <command> --help, explains it)');

/** A command with the flags that kubectl has, too. */
function command(name: string, summary: string): Command {
  return program
    .command(name)
    .description(summary)
    .option('-n, --namespace <name>', 'namespace of the cluster (default: that of kubectl)')
    .option('--context <name>', 'of the configuration of kubectl')
    .option('--kubeconfig <file>', 'the configuration of kubectl');
}

function kubectlOf({ namespace, context, kubeconfig }: KubectlFlags): Kubectl {
  return new Kubectl({
    ...(namespace !== undefined && { namespace }),
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
  });
}

const consent = ['--yes', 'do it; without it, this says what would follow'] as const;

command('status', 'One look: whether it serves, what is amiss, and each member.')
  .argument('[cluster]', 'its name (default: all of the namespace)')
  .option('-A, --all-namespaces', 'those of all namespaces')
  .addOption(output())
  .addHelpText(
    'after',
    '\nExit status: 0 all is well, 3 something is amiss, 4 a cluster does not serve.',
  )
  .action((cluster: string | undefined, options: KubectlStatusOptions & KubectlFlags) =>
    status(kubectlOf(options), cluster, options),
  );

command('lost', 'Say that a member is lost for good: it is replaced, and its volume is deleted.')
  .argument('<pod>', 'where the member is, such as synod-1')
  .option(...consent)
  .action((pod: string, options: ConsentOptions & KubectlFlags) =>
    lost(kubectlOf(options), pod, options),
  );

command('recover', 'After a quorum is lost for good: begin a new cluster with what one member has.')
  .argument('<pod>', 'where the survivor is, such as synod-1')
  .option(...consent)
  .action((pod: string, options: ConsentOptions & KubectlFlags) =>
    recover(kubectlOf(options), pod, options),
  );

command('report', 'Put into a folder what a bug report needs, without secrets.')
  .argument('[cluster]', 'its name (default: the only one of the namespace)')
  .option('--folder <folder>', 'a new one (default: synod-report-<cluster>)')
  .action((cluster: string | undefined, options: ReportOptions & KubectlFlags) =>
    report(kubectlOf(options), cluster, options),
  );

program.parseAsync().catch(fail);
