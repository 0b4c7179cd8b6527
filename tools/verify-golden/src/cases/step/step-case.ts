import { SafetensorsFile } from '@claas/core-model';
import type { StepEvaluation } from '@claas/training';
import type { Comparison } from '../../comparison/comparison.js';
import { within } from '../../comparison/tolerance.js';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenModels } from '../../models/golden-models.js';
import type { GoldenCase } from '../golden-case.js';
import { compareBatch } from '../loss/compare-loss.js';
import { compareRelativeToLargest, compareWeights } from './compare-tensors.js';
import type { TensorValues } from './compare-tensors.js';
import { runSteps } from './run-steps.js';
import type { ComputedSteps } from './run-steps.js';
import { PRECISIONS } from './step-file.js';
import type { LogprobsOfSample, StepFile } from './step-file.js';

const SIDES = ['student', 'teacher', 'base'] as const;

/** A `step*` folder: some whole SDPO steps on a model, every number of them. */
export function stepCase(directory: GoldenDirectory, models: GoldenModels, path: string): GoldenCase {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const golden = directory.readJson<StepFile>(path);
  const last = golden.steps.length;
  directory.claim(path);
  const tensorFiles = [
    'grads',
    ...golden.steps.map((_, i) => `lora_after_${i + 1}`),
    `moments_after_${last}`,
    'float64',
  ].map((name) => `${folder}/${name}.safetensors`);
  for (const file of tensorFiles) directory.claim(file);
  models.claimModel(golden.model);
  models.claimAdapter(golden.adapter);

  return {
    name: path,
    async run(comparison) {
      const model = await models.model(golden.model);
      const computed = await runSteps(model, directory.absolute(golden.adapter), golden);
      compareLogprobs(comparison, 'before step 1', computed.before, golden.before_step_1, golden);
      compareSteps(comparison, computed, golden);
      compareLogprobs(comparison, `after step ${last}`, computed.after, afterSteps(golden), golden);
      for (const file of tensorFiles) await compareTensorFile(comparison, computed, golden, directory.absolute(file));
    },
  };
}

function compareSteps(comparison: Comparison, computed: ComputedSteps, { steps, tolerance }: StepFile): void {
  const values = within(tolerance.scalar_atol, tolerance.scalar_rtol);
  const tolerances = { values, logprobs: within(tolerance.logprob_atol) };
  for (const [i, expected] of steps.entries()) {
    const { evaluation, gradNorm, clipCoefficient } = computed.steps[i]!;
    for (const precision of PRECISIONS) {
      const label = `step ${i + 1} ${precision} `;
      const reference = expected[precision];
      compareBatch(comparison, label, evaluation, reference, tolerances);
      comparison.number(`${label}grad_norm`, gradNorm, reference.grad_norm, values);
      comparison.number(`${label}clip_coef`, clipCoefficient, reference.clip_coef, values);
      comparison.number(`${label}clipped_grad_norm`, gradNorm * clipCoefficient, reference.clipped_grad_norm, values);
    }
  }
}

/** Sampled-token log-probs at all positions: `{student|teacher|base}_logprobs_{float32|float64}`. */
function compareLogprobs(
  comparison: Comparison,
  label: string,
  evaluation: StepEvaluation,
  expected: readonly LogprobsOfSample[],
  { tolerance }: StepFile,
): void {
  comparison.exact(`${label} number of samples`, expected.length, evaluation.samples.length);
  for (const [i, reference] of expected.entries()) {
    const rows = evaluation.samples[i]?.rows;
    for (const [name, values] of Object.entries(reference)) {
      const side = SIDES.find((known) => PRECISIONS.some((precision) => name === `${known}_logprobs_${precision}`));
      const quantity = `${label} sample ${i} ${name}`;
      if (side === undefined || rows === undefined) comparison.miss(quantity, 'nothing is known to compare it with');
      else comparison.numbers(quantity, rows[`${side}Logprobs`] ?? [], values, within(tolerance.logprob_atol));
    }
  }
}

/** `after_step_<n>`, n being the number of steps. */
function afterSteps(golden: StepFile): readonly LogprobsOfSample[] {
  const name = `after_step_${golden.steps.length}`;
  const found = Object.entries(golden).find(([key]) => key === name)?.[1] as readonly LogprobsOfSample[] | undefined;
  if (found === undefined) throw new Error(`no ${name} in step.json`);
  return found;
}

async function compareTensorFile(
  comparison: Comparison,
  computed: ComputedSteps,
  { settings, tolerance }: StepFile,
  path: string,
): Promise<void> {
  const file = path.replace(/^.*[\\/]|\.safetensors$/g, '');
  for (const [group, reference] of await readGroups(path, file)) {
    const label = file === group ? file : `${file} ${group}`;
    const after = /^lora_after_(\d+)$/.exec(group)?.[1];
    if (after !== undefined) {
      const weights = computed.steps[Number(after) - 1]?.weightsAfter ?? new Map<string, never>();
      compareWeights(comparison, label, weights, reference, settings.lr, tolerance);
    } else if (group === 'grads' || group === 'grad') {
      const gradients = computed.steps[0]?.gradients ?? new Map<string, never>();
      compareRelativeToLargest(
        comparison,
        label,
        gradients,
        reference,
        tolerance.grad_max_error_relative_to_tensor_max,
      );
    } else if (group.startsWith('moments_after_')) {
      const allowed = tolerance.moments_max_error_relative_to_tensor_max;
      compareRelativeToLargest(comparison, label, computed.moments, reference, allowed);
    } else {
      comparison.miss(label, 'nothing is known to compare these tensors with');
    }
  }
}

/** Tensors of a file: `float64` holds several groups, told apart by what stands before the first point. */
async function readGroups(path: string, name: string): Promise<Map<string, TensorValues>> {
  const groups = new Map<string, Map<string, Float64Array>>();
  const file = await SafetensorsFile.open(path);
  try {
    for (const key of file.header.entries.keys()) {
      const point = key.indexOf('.');
      const [group, tensor] = name === 'float64' ? [key.slice(0, point), key.slice(point + 1)] : [name, key];
      const tensors = groups.get(group) ?? new Map<string, Float64Array>();
      groups.set(group, tensors.set(tensor, await file.readFloat64(key)));
    }
  } finally {
    await file.close();
  }
  return groups;
}
