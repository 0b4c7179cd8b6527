import { add, memory, pad, randomNormal, slice, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loraBackward, loraForward } from '@claas/core-sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { adapterKey } from '../adapter-files/adapter-tensors.js';
import { LORA_MODULE_NAMES } from '../adapter-files/lora-module.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { AdapterShapeError } from '../model/computation-errors.js';
import { LanguageModel } from '../model/language-model.js';
import { linearBackward, linearForward } from '../model/linear-group.js';
import { LoraAdapter } from './lora-adapter.js';
import { unpackGradients } from './layer-factors.js';

describe('a LoRA adapter', () => {
  const golden = GoldenModel.of('qwen2_tied_bias', 'f32');
  let model: LanguageModel;
  beforeAll(async () => {
    model = await LanguageModel.load(golden.directory, await createTensorBackend('wasm'));
  });
  afterAll(() => {
    model.dispose();
  });
  const read = async () =>
    LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory(), model.config));

  it('reads back the numbers that its files held', async () => {
    const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
    const adapter = LoraAdapter.fromFiles(model.config, files);
    expect(await adapter.toFiles(files.baseModel)).toEqual(files);
    adapter.dispose();
  });

  it('starts with B zero and A uniform in ±1/√I, the same for the same seed', async () => {
    const shape = { rank: 8, loraAlpha: 16, targetModules: LORA_MODULE_NAMES };
    const adapter = LoraAdapter.initialise(model.config, { ...shape, seed: 7 });
    const again = LoraAdapter.initialise(model.config, { ...shape, seed: 7 });
    const other = LoraAdapter.initialise(model.config, { ...shape, seed: 8 });
    const files = await adapter.toFiles(null);
    expect(await again.toFiles(null)).toEqual(files);
    const key = adapterKey(1, 'down_proj', 'A');
    expect((await other.toFiles(null)).tensors.get(key)).not.toEqual(files.tensors.get(key));
    for (const {
      part,
      data,
      shape: [, columns],
    } of files.tensors.values()) {
      if (part === 'B') expect(data.every((value) => value === 0)).toBe(true);
      else {
        const largest = Math.max(...data.map(Math.abs));
        expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(columns));
        expect(largest).toBeGreaterThan(0.9 / Math.sqrt(columns));
      }
    }
    for (const one of [adapter, again, other]) one.dispose();
  });

  it.each([
    { modules: LORA_MODULE_NAMES, name: 'all modules' },
    { modules: ['k_proj', 'v_proj'] as const, name: 'two of three modules with the same input' },
    { modules: ['q_proj'] as const, name: 'one module' },
  ])('changes a group of modules as the plain pairs do, $name', async ({ modules }) => {
    const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
    const kept = new Map([...files.tensors].filter(([, tensor]) => modules.some((module) => module === tensor.module)));
    const adapter = LoraAdapter.fromFiles(model.config, { ...files, targetModules: modules, tensors: kept });
    const { backend } = model;
    const layer = model.layers[0]!;
    const group = layer.groups.qkv;
    const packed = adapter.layer(model.backend, 0, layer);
    tidy(() => {
      const x = randomNormal<Rank.R2>([5, model.config.hiddenSize], 0, 1, 'float32', 1);
      const dy = randomNormal<Rank.R2>([5, group.matrix.rows], 0, 1, 'float32', 2);
      const compressed = backend.compress(x);
      const forward = linearForward(backend, compressed, group, packed.qkv);
      const backward = linearBackward(backend, backend.compress(dy), compressed, forward.reduced, group, packed.qkv);
      const gradients = unpackGradients(
        backend,
        layer,
        { qkv: backward.lora, o: null, gateUp: null, down: null },
        adapter.layerFactors(0),
      );

      let { y } = linearForward(backend, compressed, group, null);
      let dx = backend.restore(linearBackward(backend, backend.compress(dy), compressed, null, group, null).dx);
      let row = 0;
      for (const { module, rows } of group.modules) {
        const a = adapter.tensors.get(adapterKey(0, module, 'A'));
        const b = adapter.tensors.get(adapterKey(0, module, 'B'));
        if (a !== undefined && b !== undefined) {
          const plain = loraForward(backend, x, { a, b }, adapter.scale);
          const dyOfModule = slice(dy, [0, row], [5, rows]);
          const gradient = loraBackward(backend, dyOfModule, x, plain.projected, { a, b }, adapter.scale);
          y = add<Tensor2D>(y, padColumns(plain.addend, row, group.matrix.rows - row - rows));
          dx = add<Tensor2D>(dx, gradient.dx);
          expectClose(gradients[module]!.a.dataSync(), gradient.da.dataSync());
          expectClose(gradients[module]!.b.dataSync(), gradient.db.dataSync());
        }
        row += rows;
      }
      expectClose(forward.y.dataSync(), y.dataSync());
      expectClose(backend.restore(backward.dx).dataSync(), dx.dataSync());
      expect(Object.keys(gradients)).toHaveLength(modules.filter((module) => /^[qkv]_/.test(module)).length);
    });
    adapter.dispose();
  });

  it('refuses tensors of another shape, missing ones and strangers, and leaves nothing', async () => {
    const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
    const before = memory().numTensors;
    const key = adapterKey(0, 'q_proj', 'A');
    const tensor = files.tensors.get(key)!;
    const narrow = { ...tensor, shape: [tensor.shape[0], 1] as const, data: tensor.data.slice(0, tensor.shape[0]) };
    const without = new Map([...files.tensors].filter(([name]) => name !== key));
    const attempts = [
      new Map([...files.tensors, [key, narrow]]),
      without,
      new Map([...files.tensors, ['stranger', tensor]]),
    ];
    for (const tensors of attempts) {
      expect(() => LoraAdapter.fromFiles(model.config, { ...files, tensors })).toThrow(AdapterShapeError);
    }
    expect(memory().numTensors).toBe(before);
  });

  it('gives all of its tensors back', async () => {
    const before = memory().numTensors;
    const adapter = await read();
    model.layers.forEach((layer, index) => adapter.layer(model.backend, index, layer));
    expect(memory().numTensors).toBeGreaterThan(before);
    adapter.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(2e-6 * largest);
}

function padColumns(x: Tensor2D, before: number, after: number): Tensor2D {
  return pad(x, [
    [0, 0],
    [before, after],
  ]);
}
