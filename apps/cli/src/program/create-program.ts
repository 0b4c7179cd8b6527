import { Command, Option } from 'commander';
import { DEFAULT_URL } from '../client/service-url.js';
import { addChatCommand } from '../commands/chat-command.js';
import { addCompletionCommands } from '../commands/completion-commands.js';
import { addDeleteCommand } from '../commands/delete-command.js';
import { addExportCommand } from '../commands/export-command.js';
import { addFeedbackCommand } from '../commands/feedback-command.js';
import { addFeedbacksCommand } from '../commands/feedbacks-command.js';
import { addFollowCommand } from '../commands/follow-command.js';
import { addHealthCommand } from '../commands/health-command.js';
import { addImportCommand } from '../commands/import-command.js';
import { addInitCommand } from '../commands/init-command.js';
import { addListCommand } from '../commands/list-command.js';
import { addRollbackCommand } from '../commands/rollback-command.js';
import { addScoreCommand } from '../commands/score-command.js';
import { addVersionsCommand } from '../commands/versions-command.js';
import { clientVersion } from './client-version.js';
import { runIn, type Surroundings } from './session.js';

const AFTER_HELP = `
Examples:
  claas init me/first                     make an adapter
  claas chat me/first                     talk to it; /feedback <text> teaches it
  claas versions me/first                 what it has learned
  claas list --json | jq .loras           for programs

Exit codes:
  0 done   1 failed on this side   2 wrong usage   3 the service can't be reached
  4 the service refused   5 the service failed   130 interrupted

\`claas completion --help\` sets up completion for your shell.`;

/** The whole command line. */
export function createProgram(surroundings: Surroundings): Command {
  const { stdout, stderr, env } = surroundings;
  const program = new Command('claas')
    .description('Talks to a CLaaS: chat with a model, tell it what you think, and it learns.')
    .version(clientVersion(), '-V, --version', 'print the version of this client')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [command]', 'print the help of a command')
    .addOption(new Option('--url <url>', 'address of the service').env('CLAAS_URL').default(DEFAULT_URL))
    .addOption(new Option('--api-key <key>', 'sent as a bearer token; better in the environment').env('CLAAS_API_KEY'))
    .option('--json', 'print JSON, errors too')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .configureHelp({ showGlobalOptions: true, helpWidth: stdout.columns ?? 100 })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => undefined,
      getOutHasColors: () => stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '',
    })
    .addHelpText('after', AFTER_HELP)
    .exitOverride();
  const run = runIn(surroundings);
  addInitCommand(program, run);
  addListCommand(program, run);
  addChatCommand(program, run);
  addFeedbackCommand(program, run);
  addFollowCommand(program, run);
  addFeedbacksCommand(program, run);
  addVersionsCommand(program, run);
  addRollbackCommand(program, run);
  addExportCommand(program, run);
  addImportCommand(program, run);
  addDeleteCommand(program, run);
  addScoreCommand(program, run);
  addHealthCommand(program, run);
  addCompletionCommands(program, run);
  return program;
}
