import type { Command } from 'commander';
import { CommandError } from '../errors/command-error.js';
import { ExitCode } from '../errors/exit-code.js';
import { confirm } from '../input/confirm.js';
import type { Run } from '../program/session.js';

export function addDeleteCommand(program: Command, run: Run): void {
  program
    .command('delete')
    .summary('remove an adapter with all of its versions')
    .description('Removes an adapter with its versions and aliases, or one alias alone. It can’t be undone.')
    .argument('<adapter>', 'id of an adapter, as `claas list` shows it; an alias removes only that')
    .option('-y, --yes', 'don’t ask')
    .addHelpText('after', '\nExamples:\n  claas delete me/first-init\n  claas delete me/first-init --yes')
    .action(async (adapter: string, options: { readonly yes?: true }, command: Command) => {
      await run(command, async (session) => {
        const { client, output } = session;
        if (options.yes !== true && !(await confirm(`Remove ${adapter} for good?`, session))) {
          output.note('Nothing was changed.');
          return;
        }
        const answer = await client.delete(adapter);
        if (!answer.deleted) {
          throw new CommandError(`There is no adapter or alias ${adapter}.`, {
            exitCode: ExitCode.refused,
            code: 'adapter_not_found',
            hint: '`claas list` shows what there is.',
            data: { ...answer },
          });
        }
        output.result(answer, () => output.colors.green(`Removed ${adapter}.`));
      });
    });
}
