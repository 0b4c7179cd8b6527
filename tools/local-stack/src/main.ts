import { CommanderError } from 'commander';
import { createProgram } from './commands/create-program.js';
import { StackError } from './settings/stack-error.js';

const WRONG_USE = 2;

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`claas-stack: ${message}\n`);
  if (!(error instanceof StackError)) return 1;
  if (error.remedy !== null) process.stderr.write(`${error.remedy}\n`);
  return error.exitCode;
}
