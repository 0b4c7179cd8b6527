import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** The file that a command starts; null when there is none. */
export function findProgram(program: string, searchPath: string, workingDirectory: string): string | null {
  const places = program.includes('/')
    ? [path.resolve(workingDirectory, program)]
    : searchPath.split(path.delimiter).map((folder) => path.join(folder, program));
  return places.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
