import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes files below a folder, and the folders that they need. */
export function writeFiles(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** A program of a few lines of shell, standing in for a service of the machine (pip, python3) at the border to the network. */
export function writeProgram(file: string, shell: string): void {
  writeFiles(path.dirname(file), { [path.basename(file)]: `#!/bin/sh\n${shell}\n` });
  chmodSync(file, 0o755);
}
