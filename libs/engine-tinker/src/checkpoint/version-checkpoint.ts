import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClaasError } from '@claas/contracts';

/** Beside a version's PEFT files: where the service keeps what those files don't have. */
export const VERSION_CHECKPOINT_FILE = 'tinker.json';

export interface VersionCheckpoint {
  readonly format: 1;
  readonly baseModel: string;
  /** `tinker://…/weights/…`: weights and optimizer state, which the next step goes on from. */
  readonly trainingPath: string;
  /** `tinker://…/sampler_weights/…`: what answers, and what the PEFT files were made from. */
  readonly samplerPath: string;
  /** What the service scales B·A with, times the rank: a client can't choose it. */
  readonly serviceLoraAlpha: number;
}

export async function writeVersionCheckpoint(directory: string, checkpoint: VersionCheckpoint): Promise<void> {
  const handle = await open(join(directory, VERSION_CHECKPOINT_FILE), 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(checkpoint, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Null when the directory has none: its adapter was not made by a Tinker service. @throws ClaasError `adapter_corrupt` */
export async function readVersionCheckpoint(directory: string): Promise<VersionCheckpoint | null> {
  const file = join(directory, VERSION_CHECKPOINT_FILE);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const checkpoint = JSON.parse(text) as Partial<VersionCheckpoint> | null;
    if (checkpoint?.format === 1 && checkpoint.trainingPath !== undefined && checkpoint.samplerPath !== undefined) {
      return checkpoint as VersionCheckpoint;
    }
  } catch {
    // Said below.
  }
  throw new ClaasError('adapter_corrupt', `${file} is damaged. Roll back to another version.`, { file });
}

/** @throws ClaasError `adapter_incompatible` for a version that no Tinker service knows */
export async function requireVersionCheckpoint(directory: string): Promise<VersionCheckpoint> {
  const checkpoint = await readVersionCheckpoint(directory);
  if (checkpoint !== null) return checkpoint;
  throw new ClaasError(
    'adapter_incompatible',
    'This version was not made by a Tinker service, which takes no weights from outside. Use the mode that it was made in, or make an adapter with POST /v1/lora/init.',
  );
}
