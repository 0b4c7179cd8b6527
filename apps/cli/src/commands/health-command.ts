import type { Command } from 'commander';
import type { Health, PartHealth } from '../client/service-types.js';
import { CommandError } from '../errors/command-error.js';
import { ExitCode } from '../errors/exit-code.js';
import { bytes } from '../output/numbers.js';
import type { Output } from '../output/output.js';
import { table, type Column } from '../output/table.js';
import { wrapped } from '../output/word-wrap.js';
import type { Run } from '../program/session.js';

export function addHealthCommand(program: Command, run: Run): void {
  program
    .command('health')
    .summary('how the service is')
    .description('Asks every part of the service how it is. Exit code 5 when one of them isn’t healthy.')
    .addHelpText('after', '\nExamples:\n  claas health\n  claas health --json --url https://claas.example.org')
    .action(async (_options: object, command: Command) => {
      await run(command, async ({ client, output }) => {
        const health = await client.health();
        if (health.status === 'healthy' || !output.json)
          output.result(health, () => healthText(health, client.url, output));
        if (health.status !== 'healthy') throw sickness(health);
      });
    });
}

interface Part {
  readonly name: string;
  readonly health: PartHealth;
}

function healthText(health: Health, url: string, { colors, width }: Output): string {
  const paint = (text: string, status: string): string =>
    status === 'healthy' ? colors.green(text) : colors.red(text);
  const parts = PARTS.map((name): Part => ({ name, health: health[name] }));
  const columns: readonly Column<Part>[] = [
    { title: 'PART', value: ({ name }) => name },
    { title: 'STATUS', value: (part) => part.health.status, style: (text, part) => paint(text, part.health.status) },
    {
      title: 'ANSWERED IN',
      value: (part) => `${part.health.latency_ms.toFixed(1)} ms`,
      align: 'right',
      dispensable: 2,
    },
    { title: 'WITH', value: (part) => notable(part.health.details), shrinksTo: 12, dispensable: 1 },
  ];
  const problems = parts.filter(({ health: { error } }) => error !== null);
  return [
    `${url} is ${paint(health.status, health.status)}.`,
    table(parts, columns, width),
    ...problems.map(({ name, health: { error } }) => wrapped(`${name}: ${error ?? ''}`, width)),
  ].join('\n');
}

const PARTS = ['engine', 'storage', 'serving', 'database'] as const;

/** The details that a person looks for, as far as a part has them. */
function notable(details: Readonly<Record<string, unknown>>): string {
  const { base_model, model_state, tensor_backend, resident_bytes, free_bytes, kind, published, busy } = details;
  const words = [base_model, model_state === 'loaded' ? null : model_state, tensor_backend, kind].filter(
    (word) => typeof word === 'string',
  );
  const count = (value: unknown, label: (size: number) => string): string[] =>
    typeof value === 'number' ? [label(value)] : [];
  return [
    ...words,
    ...count(resident_bytes, (size) => `${bytes(size)} memory`),
    ...count(free_bytes, (size) => `${bytes(size)} free`),
    ...count(published, (number) => `adapters served: ${number}`),
    ...(busy === true ? ['busy'] : []),
  ].join(', ');
}

function sickness(health: Health): CommandError {
  const parts = PARTS.filter((name) => health[name].status !== 'healthy');
  return new CommandError(`The service is ${health.status}: ${parts.join(', ')}.`, {
    exitCode: ExitCode.serviceFailed,
    code: health.status,
    hint: 'Its log says more; `claas-stack doctor` checks this machine.',
    data: { ...health },
  });
}
