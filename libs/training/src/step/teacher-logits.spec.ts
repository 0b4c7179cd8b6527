import { hiddenStates, LanguageModel, LoraAdapter, readAdapterFiles } from '@claas/core-model';
import type { TeacherPosition } from '@claas/contracts';
import type { SdpoSettings } from '@claas/core-sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoldenStep } from '../testing/golden-steps.js';
import { SdpoStep } from './sdpo-step.js';
import type { StepSample } from './step-sample.js';
import { teacherLogits } from './teacher-logits.js';

const golden = GoldenStep.of('qwen3_tied_headdim/f32/step');
const K = 12;
const SETTINGS: SdpoSettings = {
  alpha: 0.5,
  temperature: 1,
  support: { kind: 'teacher_topk', k: K },
  isClip: 5,
  klRegWeight: 0.1,
};
const tokens = (length: number, offset: number): number[] => Array.from({ length }, (_, i) => (offset + i * 37) % 320);

let model: LanguageModel;
let adapter: LoraAdapter;

beforeAll(async () => {
  model = await LanguageModel.load(golden.modelDirectory, await createTensorBackend('wasm'));
  adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory, model.config));
});
afterAll(() => {
  adapter.dispose();
  model.dispose();
});

const SAMPLE: StepSample = {
  promptTokenIds: tokens(9, 3),
  teacherTokenIds: tokens(17, 11),
  responseTokenIds: tokens(20, 5),
  mask: null,
  oldLogprobs: null,
};

/** What a server would tell of the base model as teacher: of each position the K likeliest and the response's own. */
async function told(): Promise<TeacherPosition[]> {
  const context = SAMPLE.teacherTokenIds;
  const sequence = [...context, ...SAMPLE.responseTokenIds.slice(0, -1)];
  const hidden = await hiddenStates(model, sequence, null, { from: context.length - 1 });
  const { backend } = model;
  const logits = backend.logSoftmax(backend.restore(model.headProduct(backend.compress(hidden))));
  const rows = await logits.array();
  return rows.map((row, t) => {
    const order = row.map((_, id) => id).sort((a, b) => row[b]! - row[a]!);
    const tokenIds = order.slice(0, K);
    return { logprob: row[SAMPLE.responseTokenIds[t]!]!, tokenIds, logprobs: tokenIds.map((id) => row[id]!) };
  });
}

async function evaluate(sample: StepSample) {
  const step = await SdpoStep.prepare(model, [sample], SETTINGS);
  const { evaluation, gradients } = await step.differentiate(adapter);
  const values = [...gradients.tensors.values()].flatMap((tensor) => [...tensor.dataSync<'float32'>()]);
  gradients.dispose();
  step.dispose();
  return { rows: evaluation.samples[0]!.rows, loss: evaluation.loss, gradients: values };
}

describe('a teacher of which K tokens are told', () => {
  it('gives the loss and the gradients of the same teacher known as a whole, over its K tokens and the tail', async () => {
    const whole = await evaluate(SAMPLE);
    const part = await evaluate({ ...SAMPLE, teacherScores: await told() });
    expect(whole.loss).toBeGreaterThan(1e-3);
    expect(part.loss).toBeCloseTo(whole.loss, 5);
    expect([...part.rows.supportIds!].sort()).toEqual([...whole.rows.supportIds!].sort());
    part.rows.teacherLogprobs.forEach((value, t) => {
      expect(value).toBeCloseTo(whole.rows.teacherLogprobs[t]!, 4);
    });
    const largest = Math.max(...whole.gradients.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-4);
    part.gradients.forEach((value, i) => {
      expect(Math.abs(value - whole.gradients[i]!)).toBeLessThan(1e-3 * largest);
    });
  });

  it('needs a score for each response token', async () => {
    const teacherScores = (await told()).slice(1);
    await expect(SdpoStep.prepare(model, [{ ...SAMPLE, teacherScores }], SETTINGS)).rejects.toThrow(/teacherScores/);
  });

  it('has what is left of its mass on the other tokens, never more on one than on the least of the K', () => {
    const logits = teacherLogits([{ logprob: -1, tokenIds: [2, 0], logprobs: [Math.log(0.5), Math.log(0.3)] }], 6);
    const masses = [...logits.dataSync<'float32'>()].map(Math.exp);
    logits.dispose();
    [0.3, 0.05, 0.5, 0.05, 0.05, 0.05].forEach((mass, id) => {
      expect(masses[id]).toBeCloseTo(mass, 6);
    });
    const flat = teacherLogits([{ logprob: -9, tokenIds: [1], logprobs: [-9] }], 4);
    expect(new Set(flat.dataSync<'float32'>()).size).toBe(1);
    flat.dispose();
  });
});
