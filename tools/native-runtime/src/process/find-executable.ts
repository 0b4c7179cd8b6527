import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** The absolute path of a program on `searchPath` (the value of PATH); a name with a `/` is taken as it is. Null: none. */
export function findExecutable(name: string, searchPath: string): string | null {
  if (name.includes('/')) return isExecutable(path.resolve(name)) ? path.resolve(name) : null;
  const candidates = searchPath
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
