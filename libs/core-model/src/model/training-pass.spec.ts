import { memory, randomNormal, zerosLike } from '@tensorflow/tfjs-core';
import type { Rank } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { ComputationCancelledError } from './computation-errors.js';
import { hiddenStates } from './forward-pass.js';
import { LanguageModel } from './language-model.js';
import { TrainingPass } from './training-pass.js';

describe('a training pass', () => {
  let model: LanguageModel;
  let adapter: LoraAdapter;
  beforeAll(async () => {
    const golden = GoldenModel.of('qwen3_untied_gqa4', 'f32');
    model = await LanguageModel.load(golden.directory, await createTensorBackend('wasm'));
    adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory(), model.config));
  });
  afterAll(() => {
    adapter.dispose();
    model.dispose();
  });

  const ids = Array.from({ length: 45 }, (_, t) => (t * 31) % 384);
  const gradientsOf = async (pass: TrainingPass, seed: number) => {
    const dHidden = randomNormal<Rank.R2>(pass.hidden.shape, 0, 1, 'float32', seed);
    const gradients = await pass.backward(dHidden);
    const values = new Map([...gradients.tensors].map(([key, tensor]) => [key, tensor.dataSync<'float32'>().slice()]));
    gradients.dispose();
    dHidden.dispose();
    return values;
  };

  it('has the hidden rows of a pass without gradients, bit for bit', async () => {
    const pass = await TrainingPass.forward(model, ids, adapter, { from: 20 });
    const rows = await hiddenStates(model, ids, adapter, { from: 20 });
    expect(pass.hidden.shape).toEqual([25, model.config.hiddenSize]);
    expect(pass.hidden.arraySync()).toEqual(rows.arraySync());
    rows.dispose();
    pass.dispose();
  });

  it('gives the same gradients twice, bit for bit', async () => {
    const first = await gradientsOf(await TrainingPass.forward(model, ids, adapter, { from: 20 }), 3);
    const second = await gradientsOf(await TrainingPass.forward(model, ids, adapter, { from: 20 }), 3);
    expect(second).toEqual(first);
  });

  it('gives the same gradients from kept activations as from computing them again, which takes less memory meanwhile', async () => {
    const bytesBefore = memory().numBytes;
    const kept = await TrainingPass.forward(model, ids, adapter, { from: 20, activationBudgetBytes: 2 ** 30 });
    const bytesOfKept = memory().numBytes - bytesBefore;
    const fromKept = await gradientsOf(kept, 3);
    expect(memory().numBytes).toBe(bytesBefore);
    const again = await TrainingPass.forward(model, ids, adapter, { from: 20, activationBudgetBytes: 0 });
    const bytesOfAgain = memory().numBytes - bytesBefore;
    expect(await gradientsOf(again, 3)).toEqual(fromKept);
    expect(memory().numBytes).toBe(bytesBefore);
    // The input of each layer, the top layer's output from row 0 on, hidden rows, 1 / rms, cos and sin.
    const { layers, hiddenSize: C, headDim: D } = model.config;
    expect(bytesOfAgain).toBe(4 * ((layers + 1) * 64 * C + 25 * (C + 1) + 2 * 64 * D));
    expect(bytesOfKept).toBeGreaterThan(3 * bytesOfAgain);
  });

  it('gives zero gradients for a zero gradient', async () => {
    const pass = await TrainingPass.forward(model, ids, adapter);
    const dHidden = zerosLike(pass.hidden);
    const gradients = await pass.backward(dHidden);
    for (const tensor of gradients.tensors.values()) expect(tensor.dataSync().every((value) => value === 0)).toBe(true);
    expect(gradients.tensors.size).toBe(2 * 7 * model.config.layers);
    gradients.dispose();
    dHidden.dispose();
  });

  it('gives the gradients of the modules that an adapter has, and no others', async () => {
    const shape = { rank: 4, loraAlpha: 8, targetModules: ['v_proj', 'up_proj'] as const };
    const kept = [...adapter.tensors].filter(([key]) => /v_proj|up_proj/.test(key));
    const few = new LoraAdapter(model.config, shape, new Map(kept.map(([key, tensor]) => [key, tensor.clone()])));
    const gradients = await gradientsOf(await TrainingPass.forward(model, ids, few), 4);
    expect([...gradients.keys()].sort()).toEqual(kept.map(([key]) => key).sort());
    for (const [key, values] of gradients) {
      expect(
        values.some((value) => value !== 0),
        key,
      ).toBe(true);
    }
    few.dispose();
  });

  it.each([
    ['forward', 1],
    ['backward', 4],
  ])('stops when it is aborted in its %s half and leaves no tensor', async (_half, turns) => {
    await gradientsOf(await TrainingPass.forward(model, ids, adapter), 5);
    const before = memory().numTensors;
    const controller = new AbortController();
    let turn = 0;
    const count = () => {
      if (++turn === turns) controller.abort();
      else setImmediate(count);
    };
    setImmediate(count);
    const { signal } = controller;
    const attempt = async () => {
      const pass = await TrainingPass.forward(model, ids, adapter, { signal });
      const dHidden = zerosLike(pass.hidden);
      try {
        (await pass.backward(dHidden, { signal })).dispose();
      } finally {
        dHidden.dispose();
      }
    };
    await expect(attempt()).rejects.toThrow(ComputationCancelledError);
    expect(memory().numTensors).toBe(before);
  });
});
