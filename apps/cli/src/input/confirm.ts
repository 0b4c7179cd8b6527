import { createInterface } from 'node:readline/promises';
import { interruptedError, usageError } from '../errors/command-error.js';
import type { Surroundings } from '../program/session.js';

/** Asks on the terminal. @throws CommandError where nobody can answer, or on Ctrl-C */
export async function confirm(question: string, { stdin, stderr }: Surroundings): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw usageError(`${question} Nobody can answer here: give --yes.`);
  const readline = createInterface({ input: stdin, output: stderr });
  const left = new AbortController();
  readline.once('SIGINT', () => {
    left.abort();
  });
  readline.once('close', () => {
    left.abort();
  });
  try {
    const answer = await readline.question(`${question} [y/N] `, { signal: left.signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    stderr.write('\n');
    throw interruptedError('Nothing was changed.');
  } finally {
    readline.close();
  }
}
