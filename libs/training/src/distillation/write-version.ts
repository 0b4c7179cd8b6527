import { ClaasError } from '@claas/contracts';
import { writeAdapterFiles, writeOptimizerState } from '@claas/core-model';
import type { AdapterTensors, OptimizerState } from '@claas/core-model';

/**
 * Writes a version's files into an empty directory, once every number in them is known to be finite.
 * @throws ClaasError `step_not_finite` before anything is written
 */
export async function writeVersion(directory: string, files: AdapterTensors, state: OptimizerState): Promise<void> {
  for (const [key, { data }] of files.tensors) assertFinite(key, data);
  for (const [key, { first, second }] of state.moments) {
    assertFinite(`exp_avg.${key}`, first);
    assertFinite(`exp_avg_sq.${key}`, second);
  }
  await writeAdapterFiles(directory, files);
  await writeOptimizerState(directory, files, state);
}

function assertFinite(name: string, values: Float32Array): void {
  if (values.every(Number.isFinite)) return;
  throw new ClaasError(
    'step_not_finite',
    `The step was refused: ${name} would no longer be finite. Nothing was saved; try a smaller learning_rate.`,
    { tensor: name },
  );
}
