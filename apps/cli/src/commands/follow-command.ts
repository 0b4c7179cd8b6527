import type { Command } from 'commander';
import { waitForFeedback } from '../feedback/send-feedback.js';
import { receiptText } from '../output/receipt-text.js';
import type { Run } from '../program/session.js';

export function addFollowCommand(program: Command, run: Run): void {
  program
    .command('follow')
    .summary('wait for a feedback that was sent before')
    .description('Shows what becomes of a feedback until it is learned, and then its receipt.')
    .argument('<id>', 'id of the feedback')
    .addHelpText('after', '\nExample:\n  claas follow 8ebd3170d3bd492bba83d08ff706e240')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async ({ client, output, interrupts }) => {
        await client.feedback(id);
        const learned = await interrupts.during((signal) => waitForFeedback(client, id, output, signal));
        output.result(learned, () => receiptText(learned, output));
      });
    });
}
