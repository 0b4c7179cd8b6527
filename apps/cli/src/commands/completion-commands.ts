import { Argument, type Command } from 'commander';
import { completeWords } from '../completion/complete-words.js';
import { namesOf } from '../completion/names-of.js';
import { completionScript, SHELLS, type Shell } from '../completion/shell-scripts.js';
import type { Run } from '../program/session.js';

const SET_UP = `
Set-up:
  bash   claas completion bash >> ~/.bashrc
  zsh    claas completion zsh >> ~/.zshrc        after the line with compinit
  fish   claas completion fish > ~/.config/fish/completions/claas.fish

In a checkout, where the command is \`npx claas\`: \`npm link --workspace @claas/cli\`, or a function (zsh does not complete
aliases): claas() { npx claas "$@"; }   in fish: alias claas="npx claas"
Adapters and versions are completed from the service at CLAAS_URL.`;

export function addCompletionCommands(program: Command, run: Run): void {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description('Prints what a shell needs to complete commands, options, adapters and versions with the Tab key.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', SET_UP)
    .action(async (shell: Shell, _options: object, command: Command) => {
      await run(command, ({ output }) => {
        const script = completionScript(shell, [process.execPath, process.argv[1] ?? 'claas']);
        output.result({ shell, script }, () => script);
        return Promise.resolve();
      });
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]', 'what was typed so far, the last word perhaps half')
    .action(async (words: string[], _options: object, command: Command) => {
      await run(command, async ({ client, output }) => {
        const proposals = await completeWords(program, words, (kind, known) => namesOf(client, kind, known));
        for (const { value, description } of proposals) {
          output.line(description === '' ? value : `${value}\t${description}`);
        }
      });
    });
}
