import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { AdapterShape } from '@claas/contracts';
import { ADAPTER_TENSORS_FILE } from '@claas/core-model/without-tensors';
import { foreignAdapter, readAdapterDirectory, shapeOf } from '../checkpoint/adapter-directory.js';
import { readVersionCheckpoint, writeVersionCheckpoint } from '../checkpoint/version-checkpoint.js';
import type { KnownVersions } from './known-versions.js';

/**
 * Checks a PEFT directory. One without checkpoints gets those of the kept version that has exactly its weights and shape:
 * the service takes no weights from outside.
 * @throws AdapterFilesError; ClaasError `adapter_incompatible`
 */
export async function inspectAdapter(
  versions: KnownVersions,
  directory: string,
  baseModel: string,
): Promise<AdapterShape> {
  const shape = shapeOf(await readAdapterDirectory(directory), baseModel);
  if ((await readVersionCheckpoint(directory)) !== null) return shape;

  const origin = await versions.withWeights(await sha256Of(join(directory, ADAPTER_TENSORS_FILE)));
  const checkpoint = origin === null ? null : await readVersionCheckpoint(origin);
  if (origin === null || checkpoint === null) throw foreignAdapter();
  const original = shapeOf(await readAdapterDirectory(origin), baseModel);
  if (JSON.stringify(original) !== JSON.stringify(shape)) throw foreignAdapter();
  await writeVersionCheckpoint(directory, checkpoint);
  return shape;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
