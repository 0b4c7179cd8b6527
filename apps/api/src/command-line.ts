import { parseArgs } from 'node:util';

export type Command = 'serve' | 'help' | 'version' | 'print-config';

export const USAGE = `Usage: node apps/api/dist/main.js [option]

Starts the CLaaS API. Settings come from the environment and from .env in the
working directory; docs/settings.md lists all of them.

  --print-config   print the effective settings, secrets masked, and end
  --help           print this and end
  --version        print the version and end`;

/** The command line has something that isn't understood. */
export class CommandLineError extends Error {
  constructor(reason: string) {
    super(`${reason}\n\n${USAGE}`);
    this.name = 'CommandLineError';
  }
}

/** @throws CommandLineError */
export function parseCommand(args: readonly string[]): Command {
  const options = readOptions(args);
  if (options.help === true) return 'help';
  if (options.version === true) return 'version';
  return options['print-config'] === true ? 'print-config' : 'serve';
}

function readOptions(args: readonly string[]): { help?: boolean; version?: boolean; 'print-config'?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { 'print-config': { type: 'boolean' }, help: { type: 'boolean' }, version: { type: 'boolean' } },
    }).values;
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}
