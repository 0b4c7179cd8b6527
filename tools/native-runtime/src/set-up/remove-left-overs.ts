import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Removes the staging folders of runs that were killed; call it with the lock. */
export async function removeLeftOvers(directory: string): Promise<void> {
  const parent = path.dirname(directory);
  const staging = `${path.basename(directory)}.staging-`;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(staging)) continue;
    await rm(path.join(parent, name), { recursive: true, force: true });
  }
}
