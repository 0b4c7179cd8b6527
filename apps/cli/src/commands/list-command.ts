import type { Command } from 'commander';
import type { AdapterDetail } from '../client/service-types.js';
import { decimal, localTime } from '../output/numbers.js';
import { table, type Column } from '../output/table.js';
import type { Run } from '../program/session.js';

export function addListCommand(program: Command, run: Run): void {
  program
    .command('list')
    .alias('ls')
    .summary('list the adapters')
    .description('Lists the adapters: which version answers, and how far its last feedback brought it to the teacher.')
    .argument('[prefix]', 'only adapters whose name begins with it, such as me/')
    .addHelpText('after', '\nExamples:\n  claas list\n  claas list me/ --json')
    .action(async (prefix: string | undefined, _options: object, command: Command) => {
      await run(command, async ({ client, output }) => {
        const found = await client.list(prefix ?? '');
        if (output.json || found.details.length > 0) {
          output.result(found, () => table(found.details, COLUMNS, output.width));
          return;
        }
        output.note(
          prefix === undefined ? 'No adapters yet: `claas init <name>` makes one.' : `None begins with ${prefix}.`,
        );
      });
    });
}

const COLUMNS: readonly Column<AdapterDetail>[] = [
  { title: 'ADAPTER', value: ({ lora_id }) => lora_id, shrinksTo: 12 },
  { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
  {
    title: 'LAST GAP',
    value: ({ last_receipt: gap }) => (gap ? `${decimal(gap.gap_before)} → ${decimal(gap.gap_after)}` : '–'),
    dispensable: 1,
  },
  { title: 'CHANGED', value: ({ updated_at }) => localTime(updated_at), dispensable: 2 },
  { title: 'BASE MODEL', value: ({ base_model }) => base_model, shrinksTo: 10, dispensable: 3 },
  { title: 'RANK', value: ({ lora_r }) => String(lora_r), align: 'right', dispensable: 4 },
  { title: 'ALSO CALLED', value: ({ aliases }) => aliases.join(', '), shrinksTo: 16, dispensable: 5 },
];
