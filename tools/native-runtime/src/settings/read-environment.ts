import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import type { Environment } from '@claas/tensor-backend/native-runtime';

/** `environment` with what `.env` in `directory` adds, as the service reads it: the real environment wins. */
export function readEnvironment(directory: string, environment: Environment): Environment {
  let text: string;
  try {
    text = readFileSync(path.join(directory, '.env'), 'utf8');
  } catch {
    // Without the file, or where it can't be read: the service says so if it matters to it.
    return environment;
  }
  return { ...parseEnv(text), ...environment };
}
