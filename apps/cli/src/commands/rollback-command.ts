import { Argument, type Command } from 'commander';
import { wholeNumber } from '../program/option-values.js';
import type { Run } from '../program/session.js';

export function addRollbackCommand(program: Command, run: Run): void {
  program
    .command('rollback')
    .summary('go back to a version')
    .description(
      'Lets an earlier (or later) version of an adapter answer. The history stays: it can be undone the same way.',
    )
    .argument('<adapter>', 'id or alias')
    .addArgument(new Argument('<version>', 'number of the version').argParser(wholeNumber))
    .addHelpText('after', '\nExample:\n  claas rollback me/first 0')
    .action(async (adapter: string, version: number, _options: object, command: Command) => {
      await run(command, async ({ client, output }) => {
        const done = await client.rollback(adapter, version);
        output.result(done, () =>
          output.colors.green(`${done.lora_id} is at version ${done.version} (it was at ${done.previous_version}).`),
        );
      });
    });
}
