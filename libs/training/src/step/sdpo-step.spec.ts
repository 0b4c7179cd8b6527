import { memory } from '@tensorflow/tfjs-core';
import { LanguageModel, LORA_MODULE_NAMES, LoraAdapter, readAdapterFiles } from '@claas/core-model';
import type { SdpoSettings } from '@claas/core-sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoldenStep } from '../testing/golden-steps.js';
import { SdpoStep } from './sdpo-step.js';
import type { StepSample } from './step-sample.js';

const golden = GoldenStep.of('qwen3_tied_headdim/f32/step');
const SETTINGS: SdpoSettings = {
  alpha: 0.5,
  temperature: 1,
  support: { kind: 'full' },
  isClip: 5,
  klRegWeight: 0,
};

let backend: TensorBackend;
let model: LanguageModel;
/** B is not zero. */
let adapter: LoraAdapter;
let untrained: LoraAdapter;

beforeAll(async () => {
  backend = await createTensorBackend('wasm');
  model = await LanguageModel.load(golden.modelDirectory, backend);
  adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory, model.config));
  untrained = LoraAdapter.initialise(model.config, {
    rank: 4,
    loraAlpha: 8,
    targetModules: LORA_MODULE_NAMES,
    seed: 1,
  });
});

afterAll(() => {
  for (const one of [adapter, untrained, model]) one.dispose();
});

/** 70 response tokens, so that the head needs two chunks. */
function sample(changes: Partial<StepSample> = {}): StepSample {
  const tokens = (length: number, offset: number) => Array.from({ length }, (_, i) => (offset + i * 37) % 320);
  return {
    promptTokenIds: tokens(9, 3),
    teacherTokenIds: tokens(17, 11),
    responseTokenIds: tokens(70, 5),
    mask: null,
    oldLogprobs: null,
    ...changes,
  };
}

async function lossAndGradients(samples: readonly StepSample[], settings = SETTINGS, weights = adapter) {
  const step = await SdpoStep.prepare(model, samples, settings);
  const { evaluation, gradients } = await step.differentiate(weights);
  const values = new Map([...gradients.tensors].map(([key, tensor]) => [key, [...tensor.dataSync<'float32'>()]]));
  gradients.dispose();
  step.dispose();
  return { evaluation, gradients: values };
}

describe('identical contexts of student and teacher', () => {
  it.each([
    [0, 1, 8192],
    [0.3, 0.7, 8192],
    [0.5, 1, 8192],
    [1, 1.3, 8192],
    [0, 1, 0],
    [0.3, 0.7, 0],
    [0.5, 1, 0],
    [1, 1.3, 0],
  ])('give exactly no loss and no gradient (alpha %d, temperature %d, in float64 up to %d)', async (...given) => {
    const [alpha, temperature, largestFloat64Vocabulary] = given;
    const same = sample({ teacherTokenIds: sample().promptTokenIds });
    const settings = { ...SETTINGS, alpha, temperature, klRegWeight: 0.1, largestFloat64Vocabulary };
    const { evaluation, gradients } = await lossAndGradients([same], settings, untrained);
    expect(evaluation.loss).toBe(0);
    expect(evaluation.samples[0]!.rows.divergence.every((value) => value === 0)).toBe(true);
    expect(evaluation.samples[0]!.rows.studentLogprobs).toEqual(evaluation.samples[0]!.rows.teacherLogprobs);
    expect(gradients.size).toBe(untrained.tensors.size);
    for (const values of gradients.values()) expect(values.every((value) => value === 0)).toBe(true);
  });

  it('would show a signal if the contexts differed', async () => {
    const { evaluation, gradients } = await lossAndGradients([sample()], SETTINGS, untrained);
    expect(evaluation.loss).toBeGreaterThan(1e-3);
    expect([...gradients.values()].some((values) => values.some((value) => value !== 0))).toBe(true);
  });
});

describe('masked positions', () => {
  const mask = Array.from({ length: 70 }, (_, t) => (t % 3 === 1 ? 0 : 1));
  const oldLogprobs = Array.from({ length: 70 }, () => -5.5);

  it('never matter', async () => {
    const masked = sample({ mask, oldLogprobs });
    const disturbed = sample({
      mask,
      oldLogprobs: oldLogprobs.map((value, t) => (mask[t] === 0 ? Number.NaN : value)),
    });
    const expected = await lossAndGradients([masked]);
    expect(await lossAndGradients([disturbed])).toEqual(expected);
    expect(expected.evaluation.samples[0]!.positions).toHaveLength(mask.filter((value) => value === 1).length);
  });

  it('at the end leave the same as a shorter response', async () => {
    const short = sample({ responseTokenIds: sample().responseTokenIds.slice(0, 40) });
    const ended = sample({ mask: sample().responseTokenIds.map((_, t) => (t < 40 ? 1 : 0)) });
    const [one, other] = [await lossAndGradients([short]), await lossAndGradients([ended])];
    expect(one.evaluation.loss).toBeCloseTo(other.evaluation.loss, 6);
    for (const [key, values] of one.gradients) {
      const largest = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(value - other.gradients.get(key)![i]!)).toBeLessThan(1e-5 * largest);
      });
    }
  });
});

it('takes the mean over samples, not over tokens', async () => {
  const samples = [sample(), sample({ responseTokenIds: [7, 8, 9], teacherTokenIds: [1, 2, 3, 4] })];
  const alone = [await lossAndGradients([samples[0]!]), await lossAndGradients([samples[1]!])];
  const together = await lossAndGradients(samples);
  expect(together.evaluation.loss).toBeCloseTo((alone[0]!.evaluation.loss + alone[1]!.evaluation.loss) / 2, 6);
  for (const [key, values] of together.gradients) {
    const largest = Math.max(...values.map(Math.abs));
    values.forEach((value, i) => {
      const mean = (alone[0]!.gradients.get(key)![i]! + alone[1]!.gradients.get(key)![i]!) / 2;
      expect(Math.abs(value - mean)).toBeLessThanOrEqual(1e-5 * largest);
    });
  }
});

it('says the log-probs at temperature 1 beside those at the sampling temperature', async () => {
  const hot = await lossAndGradients([sample()], { ...SETTINGS, temperature: 1.7 });
  const plain = await lossAndGradients([sample()]);
  const { unscaledLogprobs, rows } = hot.evaluation.samples[0]!;
  const expected = plain.evaluation.samples[0]!.rows.studentLogprobs;
  unscaledLogprobs.forEach((value, t) => {
    expect(value).toBeCloseTo(expected[t]!, 5);
  });
  expect(rows.studentLogprobs[0]).not.toBeCloseTo(expected[0]!, 2);
});

it('skips the base when its KL has no weight', async () => {
  expect((await lossAndGradients([sample()])).evaluation.kl).toBeNull();
  const { evaluation } = await lossAndGradients([sample()], { ...SETTINGS, klRegWeight: 0.1 });
  expect(evaluation.kl).toBeGreaterThan(0);
  expect(evaluation.loss).toBeCloseTo(evaluation.distillLoss + 0.1 * evaluation.kl!, 7);
});

it('gives the same numbers without the gradient', async () => {
  const step = await SdpoStep.prepare(model, [sample()], SETTINGS);
  const evaluation = await step.evaluate(adapter);
  step.dispose();
  expect(evaluation).toEqual((await lossAndGradients([sample()])).evaluation);
});

describe('refusals', () => {
  it.each([
    ['an empty response', { responseTokenIds: [] }, 'EmptyResponseError'],
    ['a fully masked response', { mask: new Array<number>(70).fill(0) }, 'EmptyResponseError'],
    ['a mask of another length', { mask: [1, 1] }, 'LengthMismatchError'],
    ['log-probs of another length', { oldLogprobs: [-1] }, 'LengthMismatchError'],
  ])('%s, also one within a batch', async (_, changes, name) => {
    const before = memory().numTensors;
    await expect(SdpoStep.prepare(model, [sample(), sample(changes)], SETTINGS)).rejects.toThrow(
      expect.objectContaining({ name }),
    );
    expect(memory().numTensors).toBe(before);
  });

  it('a loss that is not finite', async () => {
    const before = memory().numTensors;
    const step = await SdpoStep.prepare(
      model,
      [sample({ oldLogprobs: new Array<number>(70).fill(Number.NaN) })],
      SETTINGS,
    );
    await expect(step.differentiate(adapter)).rejects.toThrow(expect.objectContaining({ name: 'NonFiniteLossError' }));
    step.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe('tensors', () => {
  it('do not pile up over steps', async () => {
    await lossAndGradients([sample()], { ...SETTINGS, klRegWeight: 0.1 });
    const before = memory().numTensors;
    for (let i = 0; i < 3; i++) await lossAndGradients([sample(), sample()], { ...SETTINGS, klRegWeight: 0.1 });
    expect(memory().numTensors).toBe(before);
  });

  it('are given back when a step is aborted anywhere', async () => {
    await lossAndGradients([sample()]);
    const before = memory().numTensors;
    let aborted = 0;
    for (let turns = 1; turns < 40; turns++) {
      const signal = abortAfter(turns);
      try {
        const step = await SdpoStep.prepare(model, [sample()], SETTINGS, { signal });
        try {
          (await step.differentiate(adapter, { signal })).gradients.dispose();
        } finally {
          step.dispose();
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'cancelled' });
        aborted++;
      }
      expect(memory().numTensors, `aborted at turn ${turns} of the event loop`).toBe(before);
    }
    expect(aborted).toBeGreaterThan(5);
    expect(aborted).toBeLessThan(39);
  });
});

/** A signal that is aborted when it has been looked at this often: once in each turn of the event loop. */
function abortAfter(turns: number): AbortSignal {
  const { signal } = new AbortController();
  let looks = 0;
  Object.defineProperty(signal, 'aborted', { get: () => ++looks >= turns });
  return signal;
}
