import { findExecutable } from '../process/find-executable.js';
import { runCommand } from '../process/run-command.js';
import type { Environment } from '@claas/tensor-backend/native-runtime';

/** A way to call pip: program and first arguments. */
export interface Pip {
  readonly program: string;
  readonly firstArguments: readonly string[];
}

const CANDIDATES = [
  { name: 'python3', firstArguments: ['-m', 'pip'] },
  { name: 'pip3', firstArguments: [] },
  { name: 'pip', firstArguments: [] },
];
const TIMEOUT_MS = 20_000;

/** The machine's pip, with whatever indexes, proxies and certificates it is configured for; null without one. */
export async function findPip(searchPath: string, environment: Environment): Promise<Pip | null> {
  for (const { name, firstArguments } of CANDIDATES) {
    const program = findExecutable(name, searchPath);
    if (program === null) continue;
    const { ok } = await runCommand(program, [...firstArguments, '--version'], { environment, timeoutMs: TIMEOUT_MS });
    if (ok) return { program, firstArguments };
  }
  return null;
}
