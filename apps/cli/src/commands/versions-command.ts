import type { Command } from 'commander';
import type { AdapterVersion } from '../client/service-types.js';
import { bytes, decimal, localTime } from '../output/numbers.js';
import { table, type Column } from '../output/table.js';
import type { Run } from '../program/session.js';

export function addVersionsCommand(program: Command, run: Run): void {
  program
    .command('versions')
    .summary('list the versions of an adapter')
    .description('Lists the kept versions of an adapter, newest first. * is the one that answers.')
    .argument('<adapter>', 'id or alias')
    .addHelpText('after', '\nExample:\n  claas versions me/first')
    .action(async (adapter: string, _options: object, command: Command) => {
      await run(command, async ({ client, output }) => {
        const found = await client.versions(adapter);
        const bold = (text: string, { is_head }: AdapterVersion): string => (is_head ? output.colors.bold(text) : text);
        const columns = COLUMNS.map((column, index) => (index === 0 ? { ...column, style: bold } : column));
        output.result(found, () => table(found.versions, columns, output.width));
        output.note(`\`claas rollback ${adapter} <version>\` goes back to one of them.`);
      });
    });
}

const COLUMNS: readonly Column<AdapterVersion>[] = [
  { title: 'VERSION', value: ({ version, is_head }) => `${is_head ? '*' : ' '} ${version}` },
  { title: 'FROM', value: ({ parent }) => (parent === null ? '–' : String(parent)), align: 'right', dispensable: 3 },
  { title: 'BY', value: ({ origin }) => origin },
  { title: 'MADE', value: ({ created_at }) => localTime(created_at), dispensable: 1 },
  {
    title: 'LOSS',
    value: ({ metrics }) => (metrics === null ? '–' : decimal(metrics.distill_loss)),
    align: 'right',
    dispensable: 2,
  },
  { title: 'SIZE', value: ({ size_bytes }) => bytes(size_bytes), align: 'right', dispensable: 4 },
  { title: 'FEEDBACK', value: ({ feedback_id }) => feedback_id ?? '–', shrinksTo: 8, dispensable: 5 },
];
