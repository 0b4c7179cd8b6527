import type { Tensor } from '@tensorflow/tfjs-core';
import type { LanguageModel } from '@claas/core-model';
import { readAdapterFiles } from '@claas/core-model';
import { AdapterLearner, SdpoStep } from '@claas/training';
import type { StepEvaluation } from '@claas/training';
import { sdpoSettings } from '../loss/loss-file.js';
import { adamWSettings } from '../optim/optim-case.js';
import type { TensorValues } from './compare-tensors.js';
import { stepSamples } from './step-file.js';
import type { StepFile } from './step-file.js';

/** All that a `step.json` has a reference for. */
export interface ComputedSteps {
  /** Over all positions, masked ones too, with the adapter as it was at first and as it is at last. */
  readonly before: StepEvaluation;
  readonly after: StepEvaluation;
  readonly steps: readonly {
    readonly evaluation: StepEvaluation;
    readonly gradNorm: number;
    readonly clipCoefficient: number;
    /** Before clipping. */
    readonly gradients: TensorValues;
    readonly weightsAfter: TensorValues;
  }[];
  /** `exp_avg.<key>` and `exp_avg_sq.<key>` after the last step. */
  readonly moments: TensorValues;
}

/** Takes the steps of a case with the code that takes those of a feedback. */
export async function runSteps(
  model: LanguageModel,
  adapterDirectory: string,
  golden: StepFile,
): Promise<ComputedSteps> {
  const files = await readAdapterFiles(adapterDirectory, model.config);
  const learner = AdapterLearner.fromFiles(model, files, null);
  const settings = sdpoSettings(golden.settings);
  const samples = stepSamples(golden);
  const unmasked = samples.map((sample) => ({ ...sample, mask: null }));
  const opened: SdpoStep[] = [];
  try {
    const everyPosition = await SdpoStep.prepare(model, unmasked, settings, { withKl: true });
    opened.push(everyPosition);
    const step = await SdpoStep.prepare(model, samples, settings, { withKl: true });
    opened.push(step);
    const before = await everyPosition.evaluate(learner.adapter);
    const steps: ComputedSteps['steps'][number][] = [];
    for (let i = 0; i < golden.steps.length; i++) steps.push(await takeStep(step, learner, golden));
    const after = await everyPosition.evaluate(learner.adapter);
    return { before, after, steps, moments: await readMoments(learner) };
  } finally {
    for (const one of opened) one.dispose();
    learner.dispose();
  }
}

async function takeStep(
  step: SdpoStep,
  learner: AdapterLearner,
  golden: StepFile,
): Promise<ComputedSteps['steps'][number]> {
  const { evaluation, gradients } = await step.differentiate(learner.adapter);
  try {
    const gradientValues = await readTensors(gradients.tensors);
    const { gradNorm, clipCoefficient } = learner.update(gradients, adamWSettings(golden.settings));
    const weightsAfter = await readTensors(learner.adapter.tensors);
    return { evaluation, gradNorm, clipCoefficient, gradients: gradientValues, weightsAfter };
  } finally {
    gradients.dispose();
  }
}

async function readTensors(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) values.set(name, Float32Array.from(await tensor.data<'float32'>()));
  return values;
}

async function readMoments(learner: AdapterLearner): Promise<Map<string, Float32Array>> {
  const { state } = await learner.toFiles(null);
  const moments = new Map<string, Float32Array>();
  for (const [key, { first, second }] of state.moments) {
    moments.set(`exp_avg.${key}`, first);
    moments.set(`exp_avg_sq.${key}`, second);
  }
  return moments;
}
