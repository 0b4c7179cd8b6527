import { ClaasError } from '@claas/contracts';
import type { DistillationProgress, DistillationResult, DistillationTask } from '@claas/contracts';
import type { DistillationContext } from './distillation-context.js';

export interface DistillOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DistillationProgress) => void;
}

/**
 * One feedback, learned: reads the parent version's files, takes `settings.steps` optimizer steps, measures,
 * and writes the new version (adapter and optimizer state) to `task.outputDirectory`. The same task gives the same bytes.
 * Nothing is written unless every number is finite.
 * @throws ClaasError as `prepareRollout`, and `teacher_mode_unsupported`, `adapter_incompatible`, `step_not_finite`, `cancelled`
 */
export async function distill(
  context: DistillationContext,
  task: DistillationTask,
  options: DistillOptions = {},
): Promise<DistillationResult> {
  await Promise.resolve([context, task, options]);
  throw new ClaasError('internal', 'Being written.');
}
