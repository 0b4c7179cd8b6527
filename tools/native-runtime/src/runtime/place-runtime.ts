import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RuntimeFile } from '@claas/tensor-backend/native-runtime';

/** Makes sure that the files are on the disk before a record says so; others' files (links) are theirs to keep. */
export async function flushFiles(directory: string, files: readonly RuntimeFile[]): Promise<void> {
  for (const { path: name } of files) {
    const file = await open(path.join(directory, name), 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/**
 * Puts a finished runtime in its place. One that was there before is moved away first: programs that run on it keep their
 * files, and for a moment a new one would find none.
 */
export async function placeRuntime(staging: string, directory: string): Promise<void> {
  const old = `${staging}.old`;
  await rename(directory, old).catch(ignoreMissing);
  await rename(staging, directory);
  await rm(old, { recursive: true, force: true });
}

function ignoreMissing(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
  throw error;
}
