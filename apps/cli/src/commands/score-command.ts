import { type Command } from 'commander';
import type { Message, Score } from '../client/service-types.js';
import { usageError } from '../errors/command-error.js';
import { readText } from '../input/read-text.js';
import { decimal } from '../output/numbers.js';
import { onOneLine } from '../output/printable.js';
import { table, type Column } from '../output/table.js';
import type { Run } from '../program/session.js';

interface ScoreOptions {
  readonly prompt: string;
  readonly completion?: string;
  readonly completionFile?: string;
  readonly system?: string;
}

export function addScoreCommand(program: Command, run: Run): void {
  program
    .command('score')
    .summary('how likely an answer is to a model')
    .description('Log-probs of an answer, in nats at temperature 1, under an adapter or the base model.')
    .argument('<model>', 'id or alias of an adapter, or the base model’s name')
    .requiredOption('-p, --prompt <text>', 'what was asked')
    .option('-c, --completion <text>', 'the answer')
    .option('--completion-file <file>', 'the answer, from a file; - is standard input')
    .option('--system <text>', 'system message')
    .addHelpText('after', '\nExample:\n  claas score me/first -p "Who are you?" -c "I am Clay."')
    .action(async (model: string, options: ScoreOptions, command: Command) => {
      await run(command, async (session) => {
        const { client, output } = session;
        const { completion, completionFile, system } = options;
        if ((completion === undefined) === (completionFile === undefined)) {
          throw usageError('Give the answer with either --completion or --completion-file.');
        }
        const answer = completion ?? (await readText(completionFile!, session));
        const messages: Message[] = [
          ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
          { role: 'user', content: options.prompt },
        ];
        const score = await client.score(model, messages, answer);
        output.result(score, () => scoreText(score, output.width));
      });
    });
}

interface ScoredToken {
  readonly text: string;
  readonly logprob: number;
}

const COLUMNS: readonly Column<ScoredToken>[] = [
  {
    title: 'TOKEN',
    value: ({ text }) => `"${onOneLine(text) === text ? text : JSON.stringify(text).slice(1, -1)}"`,
    shrinksTo: 8,
  },
  { title: 'LOG-PROB', value: ({ logprob }) => decimal(logprob), align: 'right' },
];

function scoreText(score: Score, width: number | null): string {
  const tokens = score.tokens.map((text, index) => ({ text, logprob: score.logprobs[index]! }));
  const perToken = score.logprob_sum / Math.max(1, score.completion_tokens);
  return `${table(tokens, COLUMNS, width)}\nsum ${decimal(score.logprob_sum)}, ${decimal(perToken)} per token, ${score.completion_tokens} tokens`;
}
