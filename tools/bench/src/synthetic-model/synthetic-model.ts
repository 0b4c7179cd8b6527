import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generationConfigJson, modelConfigJson } from '../shape/config-files.js';
import { parameterCount } from '../shape/model-shape.js';
import type { ModelShape } from '../shape/model-shape.js';
import { writeSyntheticWeights } from './write-synthetic-weights.js';

/** Raised when the same shape would get other files: models of the old form are then written anew. */
const FORMAT = 1;
const SEED = 20_26;

export interface SyntheticModelOptions {
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

/**
 * A model directory with random weights, written when it isn't there yet; a write that was interrupted leaves nothing that looks finished.
 * @returns the directory
 */
export async function syntheticModel(
  cacheDirectory: string,
  shape: ModelShape,
  { onProgress }: SyntheticModelOptions = {},
): Promise<string> {
  const directory = path.join(
    cacheDirectory,
    `model-${shape.name}-v${shape.vocabularySize}-l${shape.layers}-f${FORMAT}`,
  );
  if (await isWhole(directory, shape)) return directory;
  const unfinished = `${directory}.${process.pid}.partial`;
  await mkdir(unfinished, { recursive: true });
  try {
    await writeFile(path.join(unfinished, 'config.json'), modelConfigJson(shape));
    await writeFile(path.join(unfinished, 'generation_config.json'), generationConfigJson());
    const weights = path.join(unfinished, 'model.safetensors');
    await writeSyntheticWeights(weights, shape, SEED, (written, total) => onProgress?.(written, total));
    await rm(directory, { recursive: true, force: true });
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  return directory;
}

async function isWhole(directory: string, shape: ModelShape): Promise<boolean> {
  try {
    const { size } = await stat(path.join(directory, 'model.safetensors'));
    await stat(path.join(directory, 'config.json'));
    return size > 2 * parameterCount(shape);
  } catch {
    return false;
  }
}
