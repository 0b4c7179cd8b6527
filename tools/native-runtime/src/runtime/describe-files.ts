import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { RUNTIME_RECORD } from '@claas/tensor-backend/native-runtime';
import type { RuntimeFile } from '@claas/tensor-backend/native-runtime';
import { crc32OfFile } from './crc32-of-file.js';

/** Not needed to run. */
const LEFT_OUT = [RUNTIME_RECORD, 'include'];

/** The files that a runtime runs on, as its record keeps them; links count as what they point at. */
export async function describeFiles(directory: string): Promise<RuntimeFile[]> {
  const names = (await filesBelow(directory, LEFT_OUT)).sort();
  const files: RuntimeFile[] = [];
  for (const name of names) {
    const file = path.join(directory, name);
    const { size, ctimeMs } = await stat(file);
    files.push({ path: name, bytes: size, changed_ms: ctimeMs, crc32: await crc32OfFile(file) });
  }
  return files;
}

async function filesBelow(directory: string, leftOut: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  // Links to folders are followed by hand: `recursive` of readdir does not enter them.
  for (const name of await readdir(directory)) {
    if (leftOut.includes(name)) continue;
    const found = await stat(path.join(directory, name));
    if (found.isDirectory()) {
      names.push(...(await filesBelow(path.join(directory, name), [])).map((below) => `${name}/${below}`));
    } else if (found.isFile()) names.push(name);
  }
  return names;
}
