import { LanguageModel, LoraAdapter, readAdapterFiles } from '@claas/core-model';
import type { SdpoRowValues } from '@claas/core-sdpo';
import type { TensorBackend } from '@claas/tensor-backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { GoldenStep } from '../testing/golden-steps.js';
import type { GoldenEvaluation } from '../testing/golden-steps.js';
import { AdapterLearner } from './adapter-learner.js';
import { SdpoStep } from './sdpo-step.js';
import type { StepEvaluation } from './step-evaluation.js';
import { unmaskedPositions } from './step-sample.js';
import type { StepSample } from './step-sample.js';

/** Tolerances of a float32 implementation, measured with the references; see their README. */
const SCALAR = { atol: 2e-5, rtol: 1e-4 };
const LOGPROB = { atol: 5e-5, rtol: 0 };
const GRADIENT_RELATIVE_TO_LARGEST = 1e-4;
const MOMENT_RELATIVE_TO_LARGEST = 2e-4;
/** In units of the learning rate. */
const WEIGHTS = { p995: 2e-3, rms: 2e-3, max: 0.1 };

/** Holds a backend in float32 to the steps of the reference. */
export function goldenStepsContract(name: string, create: () => Promise<TensorBackend>): void {
  let backend: TensorBackend;
  beforeAll(async () => {
    backend = await create();
  });

  describe.each(GoldenStep.all())(`$name on ${name}`, (golden) => {
    // The vocabularies of these models are small: 0 has them computed as large ones are.
    it.each([
      ['in float64', 8192],
      ['by tensors', 0],
    ])('gives the reference losses, gradients, weights and moments over three steps, the loss %s', async (_, limit) => {
      const model = await LanguageModel.load(golden.modelDirectory, backend);
      const learner = AdapterLearner.fromFiles(
        model,
        await readAdapterFiles(golden.adapterDirectory, model.config),
        null,
      );
      const settings = { ...golden.settings, largestFloat64Vocabulary: limit };
      const step = await SdpoStep.prepare(model, golden.samples, settings, { withKl: true });
      const { learningRate } = golden.optimizer;

      for (const [i, expected] of golden.file.steps.entries()) {
        const { evaluation, gradients } = await step.differentiate(learner.adapter);
        expectEvaluation(evaluation, expected.float64);
        if (i === 0) {
          const reference = await golden.tensors('float64', 'grad.');
          expect(gradients.tensors.size).toBe(reference.size);
          for (const [key, values] of reference) {
            expect(relativeToLargest(read(gradients.tensors.get(key)), values), key).toBeLessThan(
              GRADIENT_RELATIVE_TO_LARGEST,
            );
          }
        }
        const update = learner.update(gradients, golden.optimizer);
        gradients.dispose();
        expectNear('grad_norm', update.gradNorm, expected.float64.grad_norm, SCALAR);
        expectNear('clip_coef', update.clipCoefficient, expected.float64.clip_coef, SCALAR);
        expectWeights(learner, await golden.tensors(`lora_after_${i + 1}`), learningRate);
      }
      expectWeights(learner, await golden.tensors('float64', 'lora_after_3.'), learningRate);

      const { state } = await learner.toFiles(null);
      const moments = await golden.tensors('moments_after_3');
      expect(state.stepCount).toBe(golden.file.steps.length);
      expect(moments.size).toBe(2 * state.moments.size);
      for (const [key, { first, second }] of state.moments) {
        for (const [name, values] of Object.entries({ exp_avg: first, exp_avg_sq: second })) {
          const error = relativeToLargest(values, moments.get(`${name}.${key}`)!);
          expect(error, `${name}.${key}`).toBeLessThan(MOMENT_RELATIVE_TO_LARGEST);
        }
      }
      step.dispose();
      learner.dispose();
      model.dispose();
    });

    it('gives a position the same numbers, however many count', async () => {
      const model = await LanguageModel.load(golden.modelDirectory, backend);
      const adapter = LoraAdapter.fromFiles(
        model.config,
        await readAdapterFiles(golden.adapterDirectory, model.config),
      );
      const rowsOf = async (sample: StepSample): Promise<SdpoRowValues> => {
        const step = await SdpoStep.prepare(model, [sample], golden.settings, { withKl: true });
        const { samples } = await step.evaluate(adapter);
        step.dispose();
        return samples[0]!.rows;
      };
      const [sample] = golden.samples;
      const counting = unmaskedPositions(sample!, 0).slice(0, 2);
      const mask = sample!.responseTokenIds.map((_, position) => (counting.includes(position) ? 1 : 0));
      const [few, all] = [await rowsOf({ ...sample!, mask }), await rowsOf(sample!)];
      expect([...few.divergence]).toEqual([...all.divergence.subarray(0, 2)]);
      expect([...few.kl!]).toEqual([...all.kl!.subarray(0, 2)]);
      expect([...few.studentLogprobs]).toEqual([...all.studentLogprobs.subarray(0, 2)]);
      adapter.dispose();
      model.dispose();
    });
  });
}

function expectEvaluation(found: StepEvaluation, expected: GoldenEvaluation): void {
  expectNear('loss', found.loss, expected.loss, SCALAR);
  expectNear('distill_loss', found.distillLoss, expected.distill_loss, SCALAR);
  expectNear('kl', found.kl, expected.kl, SCALAR);
  expectNear('k3', found.k3, expected.k3, SCALAR);
  expectNear('mean_rho', found.meanRatio, expected.mean_rho, SCALAR);
  expectNear('clip_fraction', found.clipFraction, expected.clip_fraction, SCALAR);
  expect(found.samples).toHaveLength(expected.samples.length);
  for (const [i, sample] of expected.samples.entries()) {
    const { rows, positions, ...means } = found.samples[i]!;
    expectNear(`loss of sample ${i}`, means.loss, sample.loss, SCALAR);
    expectNear(`divergence of sample ${i}`, means.divergenceMean, sample.divergence_mean, SCALAR);
    const unmasked = [...sample.divergence.keys()].filter((t) => sample.divergence[t] !== null);
    expect(positions).toEqual(unmasked);
    const perToken = [
      ['divergence', rows.divergence, SCALAR],
      ['rho', rows.ratio, SCALAR],
      ['kl_per_token', rows.kl, SCALAR],
      ['k3_per_token', rows.k3, SCALAR],
      ['student_logprobs', rows.studentLogprobs, LOGPROB],
      ['teacher_logprobs', rows.teacherLogprobs, LOGPROB],
      ['base_logprobs', rows.baseLogprobs, LOGPROB],
    ] as const;
    for (const [name, values, tolerance] of perToken) {
      for (const [row, t] of positions.entries()) {
        expectNear(`${name} of sample ${i}, token ${t}`, values?.[row], sample[name][t]!, tolerance);
      }
    }
  }
}

function expectNear(
  name: string,
  actual: number | null | undefined,
  expected: number,
  { atol, rtol }: { readonly atol: number; readonly rtol: number },
): void {
  expect(Math.abs((actual ?? Number.NaN) - expected), name).toBeLessThanOrEqual(atol + rtol * Math.abs(expected));
}

/** Largest error as a share of the reference's largest value; what is zero there must be zero here. */
function relativeToLargest(values: ArrayLike<number>, reference: Float64Array): number {
  expect(values).toHaveLength(reference.length);
  const largest = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = reference.reduce((worst, value, i) => Math.max(worst, Math.abs(values[i]! - value)), 0);
  return error === 0 ? 0 : error / largest;
}

/** Percentile and mean square, because Adam moves an element whose gradient is near zero by up to 2 lr on rounding alone. */
function expectWeights(
  { adapter }: AdapterLearner,
  reference: ReadonlyMap<string, Float64Array>,
  learningRate: number,
): void {
  expect(adapter.tensors.size).toBe(reference.size);
  const errors = [...reference].flatMap(([key, expected]) => {
    const values = read(adapter.tensors.get(key));
    expect(values, key).toHaveLength(expected.length);
    return Array.from(expected, (value, i) => Math.abs(values[i]! - value) / learningRate);
  });
  const sorted = Float64Array.from(errors).sort();
  expect(sorted[Math.ceil(0.995 * (sorted.length - 1))]).toBeLessThan(WEIGHTS.p995);
  expect(Math.sqrt(sorted.reduce((sum, e) => sum + e * e, 0) / sorted.length)).toBeLessThan(WEIGHTS.rms);
  expect(sorted.at(-1)).toBeLessThan(WEIGHTS.max);
}

function read(tensor: Tensor | undefined): Float32Array {
  return tensor?.dataSync<'float32'>() ?? new Float32Array();
}
