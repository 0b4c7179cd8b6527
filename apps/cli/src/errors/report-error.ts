import picocolors from 'picocolors';
import { useColors } from '../output/use-colors.js';
import { wrapped } from '../output/word-wrap.js';
import { printable } from '../output/printable.js';
import type { Surroundings } from '../program/session.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';

/** Tells of an error in one or two lines, or as JSON on stdout; gives the exit code. */
export function reportError(
  error: unknown,
  args: readonly string[],
  { stdout, stderr, env }: Pick<Surroundings, 'stdout' | 'stderr' | 'env'>,
): number {
  const known = error instanceof CommandError ? error : unforeseen(error);
  const { exitCode, code, hint = usageHint(exitCode), data = {} } = known.facts;
  if (args.includes('--json')) {
    const json = { error: { code, detail: known.message, ...(hint !== null && { hint }), ...data } };
    stdout.write(`${JSON.stringify(json)}\n`);
    return exitCode;
  }
  const isWanted = !args.includes('--no-color');
  const colors = picocolors.createColors(useColors(env, isWanted) ?? stderr.isTTY === true);
  const title = exitCode === ExitCode.interrupted ? colors.yellow('claas:') : colors.red('error:');
  const width = stderr.isTTY === true ? (stderr.columns ?? 80) : null;
  stderr.write(`${wrapped(`${title} ${printable(known.message)}`, width)}\n`);
  if (hint !== null) stderr.write(`${colors.dim(wrapped(printable(hint), width))}\n`);
  return exitCode;
}

function usageHint(exitCode: number): string | null {
  return exitCode === ExitCode.usage
    ? '`claas --help` shows the commands, `claas <command> --help` one of them.'
    : null;
}

/** A defect of this client, or a file system that refuses: its own words, without its stack. */
function unforeseen(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(message, { exitCode: ExitCode.failed, code: 'failed', hint: null });
}
