import type { DistillationProgress, DistillationResult, DistillationTask } from '@claas/contracts';
import { LoraAdapter, readAdapterFiles, readOptimizerState } from '@claas/core-model';
import type { LanguageModel } from '@claas/core-model';
import { prepareRollout } from '../preparation/index.js';
import type { PreparedDistillation } from '../preparation/index.js';
import { distillationResult } from '../receipt/distillation-result.js';
import type { TakenStep } from '../receipt/distillation-result.js';
import { AdapterLearner, SdpoStep, throwIfCancelled } from '../step/index.js';
import { rolloutModel } from './distillation-context.js';
import type { DistillationContext } from './distillation-context.js';
import { PhaseProgress } from './phase-progress.js';
import { adamWSettings, sdpoSettings } from './sdpo-settings.js';
import { withRemoteTeacher } from './remote-teacher-temperature.js';
import { stepError } from './step-error.js';
import { writeVersion } from './write-version.js';

export interface DistillOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DistillationProgress) => void;
}

/**
 * One feedback, learned: reads the parent version's files, takes `settings.steps` optimizer steps, measures,
 * and writes the new version (adapter and optimizer state) to `task.outputDirectory`. The same task gives the same bytes.
 * Nothing is written unless every number is finite, and the parent's files are only read.
 * @throws ClaasError as `prepareRollout`, and `adapter_incompatible`, `step_not_finite`, `cancelled`
 */
export async function distill(
  context: DistillationContext,
  task: DistillationTask,
  options: DistillOptions = {},
): Promise<DistillationResult> {
  try {
    throwIfCancelled(options.signal);
    const request = { ...task, hasRemoteTeacher: task.teacherScores !== undefined };
    const prepared = withRemoteTeacher(prepareRollout(rolloutModel(context), request, context.teacherTemplate), task);
    return await distillPrepared(context, task, prepared, options);
  } catch (error) {
    throw stepError(error);
  }
}

async function distillPrepared(
  { model, tokenizer }: DistillationContext,
  task: DistillationTask,
  prepared: PreparedDistillation,
  { signal, onProgress }: DistillOptions,
): Promise<DistillationResult> {
  const progress = new PhaseProgress(task.settings.steps, onProgress);
  progress.enter('loading');
  const learner = await readLearner(model, task.parent.directory);
  let step: SdpoStep | null = null;
  try {
    progress.enter('teacher');
    step = await prepareStep(model, task, prepared, signal);
    const taken = await takeSteps(step, learner, task, progress, signal);

    progress.enter('measuring');
    const after = await step.evaluate(learner.adapter, { signal });
    // Read again: during the steps its memory is wanted for other things.
    const parentFiles = await readAdapterFiles(task.parent.directory, model.config);
    const parent = LoraAdapter.fromFiles(model.config, parentFiles);
    const finished = { model, tokenizer, task, prepared, parent, learner, taken, after };
    const result = await distillationResult(finished).finally(() => {
      parent.dispose();
    });

    throwIfCancelled(signal);
    progress.enter('saving');
    const { files, state } = await learner.toFiles(parentFiles.baseModel ?? task.baseModel);
    await writeVersion(task.outputDirectory, files, state);
    progress.finish();
    return result;
  } finally {
    step?.dispose();
    learner.dispose();
  }
}

/** A version's weights and optimizer state. What was read from its files is not held on to. */
async function readLearner(model: LanguageModel, directory: string): Promise<AdapterLearner> {
  const files = await readAdapterFiles(directory, model.config);
  return AdapterLearner.fromFiles(model, files, await readOptimizerState(directory, files));
}

function prepareStep(
  model: LanguageModel,
  { settings, teacherScores }: DistillationTask,
  prepared: PreparedDistillation,
  signal: AbortSignal | undefined,
): Promise<SdpoStep> {
  const { promptTokenIds, teacherTokenIds, responseTokenIds, rolloutLogprobs, temperature } = prepared;
  const sample = {
    promptTokenIds,
    teacherTokenIds,
    responseTokenIds,
    oldLogprobs: rolloutLogprobs,
    mask: null,
    ...(teacherScores && { teacherScores }),
  };
  return SdpoStep.prepare(model, [sample], sdpoSettings(settings, temperature), { signal });
}

async function takeSteps(
  step: SdpoStep,
  learner: AdapterLearner,
  { settings }: DistillationTask,
  progress: PhaseProgress,
  signal: AbortSignal | undefined,
): Promise<TakenStep[]> {
  const taken: TakenStep[] = [];
  for (let i = 0; i < settings.steps; i++) {
    progress.enter('forward');
    const onBackward = (): void => {
      progress.enter('backward');
    };
    const { evaluation, gradients } = await step.differentiate(learner.adapter, { signal, onBackward });
    progress.enter('update');
    try {
      const { gradNorm } = learner.update(gradients, adamWSettings(settings));
      taken.push({ evaluation, gradNorm });
    } finally {
      gradients.dispose();
    }
  }
  return taken;
}
