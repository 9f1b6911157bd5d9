import { Argument, type Command } from 'commander';

const shells = ['bash', 'zsh'] as const;

/** `synod completion`: what a shell completes, made from the commands that there are. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print a script for a shell, which then completes commands and options.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', '\nExample:\n  source <(synod completion bash)')
    .action((shell: (typeof shells)[number]) => {
      process.stdout.write(scriptOf(program, shell));
    });
}

/** For zsh, too, which can do what bash does. */
function scriptOf(program: Command, shell: (typeof shells)[number]): string {
  const name = program.name();
  const lists = wordsOf(program, '');
  const paths = lists.map(([path]) => path).filter((path) => path !== '');
  const zsh = 'autoload -Uz compinit bashcompinit\ncompinit\nbashcompinit\n';
  return `${shell === 'zsh' ? zsh : ''}_${name}() {
  local word at= words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${paths.map((path) => `"${path}"`).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at" in
${lists.map(([path, words]) => `    "${path}") words="${words.join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${name} ${name}
`;
}

/** What may follow on each command: its own commands and options. */
function wordsOf(command: Command, path: string): [path: string, words: string[]][] {
  const options = command.options.flatMap(({ long }) => long ?? []);
  const names = command.commands.map((each) => each.name());
  const below = command.commands.flatMap((each) => wordsOf(each, `${path} ${each.name()}`));
  return [[path, [...names, ...options, '--help']], ...below];
}
