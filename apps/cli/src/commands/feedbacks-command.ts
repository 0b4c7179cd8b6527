import { Option, type Command } from 'commander';
import type { FeedbackRecord } from '../client/service-types.js';
import { decimal, localTime } from '../output/numbers.js';
import { onOneLine } from '../output/printable.js';
import { table, type Column } from '../output/table.js';
import { wholeNumber } from '../program/option-values.js';
import type { Run } from '../program/session.js';

interface FeedbacksOptions {
  readonly status?: string;
  readonly limit: number;
}

const STATES = ['queued', 'training', 'committed', 'published', 'verified', 'failed', 'rolled_back'];

export function addFeedbacksCommand(program: Command, run: Run): void {
  program
    .command('feedbacks')
    .summary('list the feedback that was received')
    .description('Lists what was received and what became of it, newest first.')
    .argument('[adapter]', 'only of this adapter')
    .addOption(new Option('--status <state>', 'only in this state').choices(STATES))
    .addOption(new Option('--limit <n>', 'how many, 1 to 200').argParser(wholeNumber).default(20))
    .addHelpText('after', '\nExamples:\n  claas feedbacks me/first\n  claas feedbacks --status failed --json')
    .action(async (adapter: string | undefined, { status, limit }: FeedbacksOptions, command: Command) => {
      await run(command, async ({ client, output }) => {
        const page = await client.feedbacks({
          limit: String(limit),
          ...(adapter !== undefined && { lora_id: adapter }),
          ...(status !== undefined && { status }),
        });
        if (output.json || page.feedbacks.length > 0) {
          output.result(page, () => table(page.feedbacks, COLUMNS, output.width));
        } else output.note('None yet.');
        if (page.next_cursor !== null) output.note('There are more: --limit shows up to 200.');
      });
    });
}

const COLUMNS: readonly Column<FeedbackRecord>[] = [
  { title: 'ID', value: ({ request_id }) => request_id, dispensable: 4 },
  { title: 'STATE', value: ({ status }) => status.replace('_', ' ') },
  {
    title: 'VERSION',
    value: ({ version }) => (version === null ? '–' : String(version)),
    align: 'right',
    dispensable: 1,
  },
  {
    title: 'GAP',
    value: ({ receipt: gap }) => (gap ? `${decimal(gap.gap_before)} → ${decimal(gap.gap_after)}` : '–'),
    dispensable: 3,
  },
  { title: 'ADAPTER', value: ({ lora_id }) => lora_id, shrinksTo: 10 },
  { title: 'SENT', value: ({ created_at }) => localTime(created_at), dispensable: 2 },
  { title: 'FEEDBACK', value: ({ request }) => onOneLine(request.feedback), shrinksTo: 12 },
];
