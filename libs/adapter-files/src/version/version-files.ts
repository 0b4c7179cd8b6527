import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { VersionFile } from '@claas/contracts';
import { syncPath } from '../durable/durable-writer.js';

export const MANIFEST_FILE = 'manifest.json';

/** Without these, a directory is not an adapter for PEFT and vLLM. */
export const PEFT_FILES = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/**
 * The files of a staged directory that will be a version's, sorted.
 * @throws Error when PEFT's two files are not there, or something is not a plain file
 */
export async function versionFileNames(directory: string): Promise<string[]> {
  const names = await filesBelow(directory);
  const missing = PEFT_FILES.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${directory} lacks ${missing.join(' and ')}: not a PEFT adapter`);
  return names;
}

/** Flushes every file of a staged directory and describes it, sorted by name. @throws Error as {@link versionFileNames} */
export async function sealFiles(directory: string): Promise<VersionFile[]> {
  const files: VersionFile[] = [];
  for (const name of await versionFileNames(directory)) {
    const handle = await open(join(directory, name), 'r');
    try {
      const { size } = await handle.stat();
      files.push({ name, bytes: size, sha256: await sha256Of(handle) });
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await syncPath(directory);
  return files;
}

/** From the file's beginning; the handle stays open. */
export async function sha256Of(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function filesBelow(directory: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    // A manifest here was left by a commit that failed after writing it; this one writes its own.
    if (entry.name === MANIFEST_FILE) continue;
    if (!entry.isFile())
      throw new Error(`${join(directory, entry.name)} is not a plain file: a version holds only these`);
    names.push(entry.name);
  }
  return names.sort();
}
