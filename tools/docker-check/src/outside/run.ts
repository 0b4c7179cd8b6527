import { spawnSync } from 'node:child_process';

const LIMIT_MS = 10 * 60_000;

/** @returns null when the program ends with 0, else what it said */
export function problemOf(
  program: string,
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string | undefined> } = {},
): string | null {
  const { error, status, stderr, stdout } = spawnSync(program, parameters, {
    ...options,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status === 0) return null;
  return `${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`;
}

export function canRun(program: string, ...parameters: readonly string[]): boolean {
  return problemOf(program, parameters) === null;
}
