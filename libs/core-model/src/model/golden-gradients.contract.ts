import { dispose, keep, memory, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { sdpoBatchLoss } from '@claas/core-sdpo';
import type { DivergenceSupport, SdpoSample } from '@claas/core-sdpo';
import type { TensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import type { GoldenStep } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { hiddenStates } from './forward-pass.js';
import { LanguageModel } from './language-model.js';
import { TrainingPass } from './training-pass.js';

/** Largest error of a gradient tensor, relative to its largest entry, that the golden data allows a float32 implementation. */
const TOLERANCE = 1e-4;

const CASES = [
  ['llama_rope_llama3', 'bf16', 'step'],
  ['llama_rope_llama3', 'f32', 'step'],
  ['llama_rope_llama3', 'f32', 'step_batch2'],
  ['qwen2_tied_bias', 'bf16', 'step'],
  ['qwen2_tied_bias', 'f32', 'step'],
  ['qwen2_tied_bias', 'f32', 'step_batch2'],
  ['qwen3_tied_headdim', 'bf16', 'step'],
  ['qwen3_tied_headdim', 'f32', 'step'],
  ['qwen3_tied_headdim', 'f32', 'step_batch2'],
  ['qwen3_tied_headdim', 'f32', 'step_fresh'],
  ['qwen3_untied_gqa4', 'bf16', 'step'],
  ['qwen3_untied_gqa4', 'f32', 'step'],
  ['qwen3_untied_gqa4', 'f32', 'step_batch2'],
] as const;

/** Holds a backend in float32 to the gradients of autograd. */
export function goldenGradientsContract(name: string, create: () => Promise<TensorBackend>): void {
  describe(`the backward pass on ${name}`, () => {
    let backend: TensorBackend;
    beforeAll(async () => {
      backend = await create();
    });

    it.each(CASES)('gives the LoRA gradients of autograd for %s/%s/%s', async (modelName, variant, folder) => {
      const golden = GoldenModel.of(modelName, variant);
      const step = golden.step(folder);
      const model = await LanguageModel.load(golden.directory, backend);
      const files = await readAdapterFiles(golden.adapterDirectory(step.adapter.split('/').at(-1)), model.config);
      const adapter = LoraAdapter.fromFiles(model.config, files);
      const gradients = await batchGradients(model, adapter, step);

      const reference = await SafetensorsFile.open(golden.path(`${folder}/grads.safetensors`));
      expect([...gradients.keys()].sort()).toEqual([...reference.header.entries.keys()].sort());
      for (const [key, gradient] of gradients) {
        expect(relativeError(gradient, await reference.readFloat32(key)), key).toBeLessThanOrEqual(TOLERANCE);
      }
      await reference.close();
      adapter.dispose();
      model.dispose();
    });

    it('keeps no tensor but the gradients', async () => {
      const golden = GoldenModel.of('qwen3_tied_headdim', 'f32');
      const step = golden.step('step');
      const model = await LanguageModel.load(golden.directory, backend);
      const adapter = LoraAdapter.fromFiles(
        model.config,
        await readAdapterFiles(golden.adapterDirectory(), model.config),
      );
      await batchGradients(model, adapter, step);
      const before = memory().numTensors;
      await batchGradients(model, adapter, step);
      expect(memory().numTensors).toBe(before);
      adapter.dispose();
      model.dispose();
    });
  });
}

/** The summed gradients of a golden step's samples, by PEFT key. */
export async function batchGradients(
  model: LanguageModel,
  adapter: LoraAdapter,
  step: GoldenStep,
): Promise<Map<string, Float32Array>> {
  const passes: TrainingPass[] = [];
  const samples: SdpoSample[] = [];
  for (const sample of step.samples) {
    const student = [...sample.student_prompt_ids, ...sample.response_ids.slice(0, -1)];
    const teacher = [...sample.teacher_prompt_ids, ...sample.response_ids.slice(0, -1)];
    const rows = { from: sample.student_prompt_ids.length - 1 };
    const pass = await TrainingPass.forward(model, student, adapter, rows);
    passes.push(pass);
    samples.push({
      responseIds: sample.response_ids,
      mask: sample.mask,
      oldLogprobs: sample.old_logprobs,
      studentLogits: model.headProduct(pass.hidden),
      teacherLogits: await baseLogits(model, teacher, sample.teacher_prompt_ids.length - 1),
      baseLogits: step.settings.kl_reg_weight === 0 ? null : await baseLogits(model, student, rows.from),
    });
  }
  const loss = sdpoBatchLoss(samples, {
    alpha: step.settings.alpha,
    support: supportOf(step.settings),
    temperature: step.settings.temperature,
    isClip: step.settings.is_clip,
    klRegWeight: step.settings.kl_reg_weight,
  });

  const sums = new Map<string, Float32Array>();
  for (const [i, pass] of passes.entries()) {
    const dHidden = tidy(() => keep(model.headBackward(loss.samples[i]!.rows.dStudentLogits)));
    const gradients = await pass.backward(dHidden);
    for (const [key, tensor] of gradients.tensors) {
      const values = tensor.dataSync<'float32'>();
      sums.set(key, sums.get(key)?.map((sum, j) => sum + values[j]!) ?? values.slice());
    }
    gradients.dispose();
    dispose([dHidden, loss.samples[i]!.rows.dStudentLogits, samples[i]!.studentLogits, samples[i]!.teacherLogits]);
    dispose(samples[i]!.baseLogits ?? []);
  }
  return sums;
}

async function baseLogits(model: LanguageModel, tokenIds: readonly number[], from: number): Promise<Tensor2D> {
  const hidden = await hiddenStates(model, tokenIds, null, { from });
  const logits = model.headProduct(hidden);
  hidden.dispose();
  return logits;
}

function supportOf({ support, k }: GoldenStep['settings']): DivergenceSupport {
  return support === 'full' ? { kind: 'full' } : { kind: support, k: k! };
}

/** Largest difference over the largest entry; where the reference is all zero, infinite unless the other is, too. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  const largest = Math.max(...expected.map(Math.abs));
  const errors = actual.map((value, i) => Math.abs(value - expected[i]!));
  const worst = errors.every((error) => Number.isFinite(error)) ? Math.max(...errors) : Infinity;
  return worst === 0 ? 0 : worst / largest;
}
