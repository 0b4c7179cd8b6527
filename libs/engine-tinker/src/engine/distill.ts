import { ClaasError } from '@claas/contracts';
import type { DistillationProgress, DistillationResult, DistillationTask } from '@claas/contracts';
import type { AdapterTensors } from '@claas/core-model/without-tensors';
import { PhaseProgress, stepWarnings, tokenTexts } from '@claas/training/without-tensors';
import { adapterChange } from '../checkpoint/adapter-change.js';
import { readAdapterDirectory } from '../checkpoint/adapter-directory.js';
import type { CheckpointLedger } from '../checkpoint/checkpoint-ledger.js';
import { alphaScale } from '../checkpoint/service-weights.js';
import { requireVersionCheckpoint } from '../checkpoint/version-checkpoint.js';
import type { SdpoEvaluation } from '../sdpo/sdpo-evaluation.js';
import { TrainingModel } from '../session/training-model.js';
import type { TinkerConnection } from '../tinker-connection.js';
import { adamWForAlpha } from './adamw-for-alpha.js';
import type { PreparedStep } from './prepared-step.js';
import { SdpoSteps } from './sdpo-steps.js';
import { saveVersion } from './tinker-version.js';

export interface DistillOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DistillationProgress) => void) | undefined;
}

interface TakenStep {
  readonly evaluation: SdpoEvaluation;
  readonly gradNorm: number | null;
}

/**
 * One feedback, learned at the service: a model that goes on from the parent's checkpoint takes the steps and is saved as new
 * checkpoints. The parent's are only read; the model is given up in any case.
 */
export async function distill(
  connection: TinkerConnection,
  ledger: CheckpointLedger,
  task: DistillationTask,
  prepared: PreparedStep,
  { signal, onProgress }: DistillOptions,
): Promise<DistillationResult> {
  const progress = new PhaseProgress(task.settings.steps, onProgress);
  progress.enter('loading');
  const checkpoint = await requireVersionCheckpoint(task.parent.directory);
  const parent = await readAdapterDirectory(task.parent.directory);
  const { rank, loraAlpha, targetModules } = parent;
  const model = await TrainingModel.create(
    connection.client,
    connection.session,
    { rank, seed: null, targetModules },
    signal,
  );
  try {
    await model.loadWeights(checkpoint.trainingPath, signal);
    progress.enter('teacher');
    const steps = await SdpoSteps.prepare(connection, prepared, checkpoint.samplerPath, signal);
    const taken: TakenStep[] = [];
    const params = adamWForAlpha(task.settings, loraAlpha, checkpoint.serviceLoraAlpha);
    for (let i = 0; i < task.settings.steps; i++) {
      progress.enter('forward');
      const evaluation = await steps.evaluate(model, signal);
      progress.enter('backward');
      const gradNorm = await steps.update(model, evaluation, params, signal, () => {
        progress.enter('update');
      });
      const scale = alphaScale(loraAlpha, checkpoint.serviceLoraAlpha);
      taken.push({ evaluation, gradNorm: gradNorm === null ? null : gradNorm * scale });
    }
    progress.enter('measuring');
    const after = await steps.evaluate(model, signal);
    progress.enter('saving');
    const { outputDirectory } = task;
    const version = { model, name: checkpointName(task), loraAlpha, outputDirectory };
    const result = await saveVersion(connection, ledger, version, signal, async ({ adapter }) => {
      const found = await resultOf(connection, task, prepared, { parent, adapter, taken, after });
      throwIfAborted(signal);
      return found;
    });
    progress.finish();
    return result;
  } finally {
    connection.later(model.unload());
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ClaasError('cancelled', 'The step was cancelled.');
}

/** Readable in the service's console: the adapter, and the version that it becomes. */
function checkpointName({ parent }: DistillationTask): string {
  return `${parent.loraId.replaceAll('/', '.')}-after-v${parent.version}`;
}

interface Finished {
  readonly parent: AdapterTensors;
  readonly adapter: AdapterTensors;
  /** At least one. */
  readonly taken: readonly TakenStep[];
  readonly after: SdpoEvaluation;
}

async function resultOf(
  { text }: TinkerConnection,
  { settings }: DistillationTask,
  prepared: PreparedStep,
  { parent, adapter, taken, after }: Finished,
): Promise<DistillationResult> {
  const { promptTokenIds, responseTokenIds, warnings } = prepared;
  const [first, last] = [taken[0]!, taken.at(-1)!];
  const before = first.evaluation;
  return {
    metrics: {
      totalLoss: last.evaluation.loss,
      distillLoss: last.evaluation.distillLoss,
      klReg: last.evaluation.kl ?? 0,
      meanIsRatio: last.evaluation.meanRatio,
      clipFraction: last.evaluation.clipFraction,
      gradNorm: last.gradNorm,
      tokensProcessed: responseTokenIds.length,
      teacherMode: settings.teacherMode,
      steps: taken.length,
    },
    receipt: {
      gapBefore: before.divergence,
      gapAfter: after.divergence,
      responseLogprobBefore: sum(before.studentLogprobs),
      responseLogprobAfter: sum(after.studentLogprobs),
      tokens: tokenTexts(text.tokenizer, responseTokenIds).map((tokenText, t) => ({
        tokenId: responseTokenIds[t]!,
        text: tokenText,
        signal: before.teacherLogprobs[t]! - before.studentLogprobs[t]!,
      })),
      adapterChange: await adapterChange(parent, adapter),
      // The frozen weights are the service's, and nobody else sees them.
      adapterChangeRelative: null,
      gradNorm: first.gradNorm,
      meanImportanceRatio: before.meanRatio,
      clipFraction: before.clipFraction,
      klToBase: before.kl,
      warnings: [...warnings, ...stepWarnings(before.divergence, after.divergence)],
    },
    rollout: { promptTokenIds, responseTokenIds },
    responseLogprobs: after.unscaledLogprobs,
    parentResponseLogprobs: before.unscaledLogprobs,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
