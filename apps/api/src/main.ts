import { CommandLineError, parseCommand, USAGE } from './command-line.js';
import { loadEnvironment } from './config/load-environment.js';
import { printableConfig } from './config/print-config.js';
import { readSettings } from './config/read-settings.js';
import { serviceVersion } from './config/service-version.js';
import { describeStartError } from './start-error.js';

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error(describeStartError(error));
  process.exit(error instanceof CommandLineError ? 2 : 1);
}

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  if (command === 'help') {
    console.log(USAGE);
    return;
  }
  if (command === 'version') {
    console.log(serviceVersion());
    return;
  }
  const reading = readSettings(loadEnvironment(process.cwd()), process.cwd());
  if (command === 'print-config') {
    console.log(printableConfig(reading));
    return;
  }
  const { serve } = await import('./serve.js');
  await serve(reading);
}
