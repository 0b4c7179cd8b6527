import { CommanderError } from 'commander';
import { reportError } from '../errors/report-error.js';
import { ExitCode } from '../errors/exit-code.js';
import { usageError } from '../errors/command-error.js';
import { createProgram } from './create-program.js';
import type { Surroundings } from './session.js';

/** Runs one command line; resolves with its exit code. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const program = createProgram(surroundings);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return ExitCode.done;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, args, surroundings);
    if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode === 0 ? 0 : ExitCode.usage;
    const message = error.message.replace(/^error: /, '');
    return reportError(usageError(`${message}${/[.?]$/.test(message) ? '' : '.'}`), args, surroundings);
  }
}
