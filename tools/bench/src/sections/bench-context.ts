import type { BenchArguments } from '../arguments.js';
import type { MeasuredBackend } from '../contestant/own-program.js';
import type { PytorchInstallation } from '../contestant/pytorch-program.js';
import type { Progress } from '../report/progress.js';
import { modelShape } from '../shape/model-shape.js';
import type { ModelShape } from '../shape/model-shape.js';
import { syntheticAdapter } from '../synthetic-model/synthetic-adapter.js';
import { syntheticModel } from '../synthetic-model/synthetic-model.js';

/** What every section needs. */
export interface BenchContext {
  readonly args: BenchArguments;
  /** Where synthetic models lie. */
  readonly cache: string;
  readonly pytorch: PytorchInstallation;
  readonly progress: Progress;
}

/** Directories of a synthetic model and its adapter. */
export interface SyntheticFiles {
  readonly model: string;
  readonly adapter: string;
}

/** Writes both where they are missing. */
export async function syntheticFiles(
  { cache, progress }: Pick<BenchContext, 'cache' | 'progress'>,
  shape: ModelShape,
  rank: number,
): Promise<SyntheticFiles> {
  let isWriting = false;
  const onProgress = (written: number, total: number): void => {
    if (!isWriting) progress.begin(`Writing a random model of shape ${shape.name}`, 1);
    isWriting = true;
    progress.set(written / total);
  };
  const model = await syntheticModel(cache, shape, { onProgress });
  const adapter = await syntheticAdapter(model, rank);
  progress.end();
  return { model, adapter };
}

/** The shape that a backend is measured on: wasm has neither the memory format nor the speed for the large one. */
export function shapeFor(backend: MeasuredBackend, { shape }: BenchArguments): ModelShape {
  return modelShape(shape ?? (backend === 'wasm' ? 'clay-tiny' : '0.6b'));
}
