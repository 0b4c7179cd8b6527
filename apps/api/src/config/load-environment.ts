import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The environment with what `.env` in `workingDirectory` adds; the real environment wins.
 * The one place of the service that looks at `process.env`.
 */
export function loadEnvironment(workingDirectory: string): Readonly<Record<string, string | undefined>> {
  return { ...readDotenv(join(workingDirectory, '.env')), ...process.env };
}

function readDotenv(path: string): Record<string, string> {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
