import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readSettings, type Flags, type StackSettings } from '../settings/read-settings.js';
import { doctor, type DoctorOptions } from './doctor.js';
import { status, stop } from './running-stack.js';
import { up, type UpOptions } from './up.js';

const AFTER_HELP = `
Examples:
  npm run stack                                     the API with the model that ships
  npm run stack -- --adapter me/first               and an adapter, made when it is missing
  npm run stack -- --vllm Qwen/Qwen3-0.6B           vLLM answers, the trainer shares its GPU
  npm run stack -- --config claas-stack.yaml --dry-run
  claas-stack doctor                                what this machine lacks

Settings come from flags, then the environment, then .env, then claas-stack.yaml (or .json) in this folder.

Exit codes: 0 ended in order   1 something can't be kept running, or doctor found a problem
            2 wrong usage      3 the data directory or a port is in use`;

/** The command line of the stack. */
export function createProgram(): Command {
  const program = new Command('claas-stack')
    .description('Starts vLLM (or the embedded model), the API and a gateway, and keeps them running. No Docker.')
    .version(version())
    .option('--config <file>', 'description of the stack (default: claas-stack.yaml or .json, where there is one)')
    .option('--env-file <file>', 'variables for the API and the gateway (default: .env, where there is one)')
    .option('--data-dir <folder>', 'where everything is kept (default: CLAAS_DATA_DIR, or ./data)')
    .addOption(new Option('--port <n>', 'port of the API (default: CLAAS_API_PORT, or 8080)').argParser(port))
    .option('--adapter <id...>', 'adapters that are made when they are missing')
    .option('--vllm <model>', 'let vLLM answer with this model: a Hugging Face id or a directory')
    .option('--gateway <command>', 'start this too, when the API is up')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('`claas-stack --help` shows what there is.')
    .exitOverride();
  const settingsOf = (command: Command): StackSettings =>
    readSettings(command.optsWithGlobals<Flags>(), process.env, process.cwd());

  program
    .command('up', { isDefault: true })
    .description('start the stack, and keep it running until Ctrl-C')
    .option('--dry-run', 'show what would be started, and end')
    .option('--json', 'with --dry-run: as JSON')
    .action((options: UpOptions, command: Command) => up(settingsOf(command), options));
  program
    .command('doctor')
    .description('look at everything that the stack needs, and say what to fix')
    .addOption(
      new Option('--min-disk <size>', 'free space that is needed, such as 500MB').argParser(size).default(2e9, '2GB'),
    )
    .addOption(new Option('--min-memory <size>', 'main memory that is needed').argParser(size).default(1e9, '1GB'))
    .addOption(
      new Option('--min-gpu-memory <size>', 'free GPU memory that vLLM needs').argParser(size).default(4e9, '4GB'),
    )
    .option('--json', 'as JSON')
    .action((options: DoctorOptions, command: Command) => doctor(settingsOf(command), options));
  program
    .command('status')
    .description('how the stack on this data directory is')
    .option('--json', 'as JSON')
    .action((options: { readonly json?: true }, command: Command) => {
      status(settingsOf(command), options);
    });
  program
    .command('stop')
    .description('end the stack on this data directory, in order')
    .action((_options: object, command: Command) => stop(settingsOf(command)));
  return program;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

function size(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?B)?$/i.exec(text) ?? [];
  const factor = UNITS[unit.toUpperCase()];
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError('It must be a size such as 500MB or 2GB.');
  return Number(number) * factor;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new InvalidArgumentError('It must be a port, 1 to 65535.');
  return value;
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
