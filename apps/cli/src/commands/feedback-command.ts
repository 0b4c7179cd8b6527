import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { readFeedback, type FeedbackOptions } from '../feedback/read-feedback.js';
import { acceptFeedback, waitForFeedback } from '../feedback/send-feedback.js';
import { addTrainingOptions } from '../feedback/training-options.js';
import { receiptText } from '../output/receipt-text.js';
import type { Run } from '../program/session.js';

interface SendOptions extends FeedbackOptions {
  readonly idempotencyKey?: string;
  readonly wait: boolean;
}

const EXAMPLES = `
Examples:
  claas feedback me/first "Don't use emojis." --completion chatcmpl-4f9b2c7a
  claas feedback me/first "Too long." --prompt "Who are you?" --response-file answer.txt
  pbpaste | claas feedback me/first - --completion chatcmpl-4f9b2c7a
  claas feedback me/first "Your name is Kuro." --completion chatcmpl-4f9b2c7a --alpha 0 --learning-rate 3e-3

The id of an answer is the preferred form: its exact tokens are known. \`claas chat\` shows ids with --ids.`;

export function addFeedbackCommand(program: Command, run: Run): void {
  const command = program
    .command('feedback')
    .summary('tell an adapter what you think of an answer')
    .description(
      'One online learning step: waits until the adapter answers with what it has learned, and shows the receipt.',
    )
    .argument('<adapter>', 'the adapter that learns: id or alias')
    .argument('[text]', 'what you think of the answer; - reads it from standard input')
    .option('-c, --completion <id>', 'the id of the answer')
    .option('-p, --prompt <text>', 'what was asked')
    .option('--prompt-file <file>', 'the same from a file; - is standard input, here and below')
    .option('--messages-file <file>', 'the conversation, a JSON list of { role, content }, instead of a prompt')
    .option('-r, --response <text>', 'what was answered')
    .option('--response-file <file>', 'the same from a file')
    .option('--logprobs-file <file>', 'log-probs of the answer’s tokens, a JSON list')
    .option('-t, --text-file <file>', 'the feedback from a file')
    .option('--idempotency-key <key>', 'the same key never trains twice (default: a new one)')
    .option('--no-wait', 'end as soon as it is accepted')
    .addHelpText('after', EXAMPLES);
  addTrainingOptions(command).action(
    async (adapter: string, text: string | undefined, options: SendOptions, self: Command) => {
      await run(self, async (session) => {
        const { client, output, interrupts } = session;
        const request = await readFeedback(adapter, text, options, session);
        const key = options.idempotencyKey ?? randomUUID();
        const accepted = await interrupts.during((signal) => acceptFeedback(client, request, key, signal));
        if (!options.wait) {
          output.result(accepted, () => `Accepted: ${accepted.request_id}`);
          output.note(`\`claas follow ${accepted.request_id}\` says what becomes of it.`);
          return;
        }
        const learned = await interrupts.during((signal) =>
          waitForFeedback(client, accepted.request_id, output, signal),
        );
        output.result(learned, () => receiptText(learned, output));
      });
    },
  );
}
