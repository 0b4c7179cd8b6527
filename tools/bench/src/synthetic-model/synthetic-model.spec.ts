import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate, LanguageModel, LoraAdapter, readAdapterFiles, SafetensorsFile } from '@claas/core-model';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parameterCount } from '../shape/model-shape.js';
import { syntheticAdapter } from './synthetic-adapter.js';
import { syntheticModel } from './synthetic-model.js';

const SHAPE = {
  name: 'spec',
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  attentionHeads: 4,
  keyValueHeads: 2,
  headDim: 8,
  vocabularySize: 64,
};

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'claas-bench-'));
});
afterAll(async () => {
  await rm(cache, { recursive: true });
});

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

describe('a synthetic model', () => {
  it('has the same bytes every time', async () => {
    const first = await syntheticModel(path.join(cache, 'a'), SHAPE);
    const second = await syntheticModel(path.join(cache, 'b'), SHAPE);
    const file = 'model.safetensors';
    expect(await sha256(path.join(first, file))).toBe(await sha256(path.join(second, file)));
  });

  it('is written once, and leaves nothing unfinished behind', async () => {
    const folder = path.join(cache, 'once');
    const reports: number[] = [];
    const onProgress = (written: number, total: number): void => {
      reports.push(written / total);
    };
    const directory = await syntheticModel(folder, SHAPE, { onProgress });
    expect(reports.at(-1)).toBe(1);
    const { mtimeMs } = await stat(path.join(directory, 'model.safetensors'));
    reports.length = 0;
    expect(await syntheticModel(folder, SHAPE, { onProgress })).toBe(directory);
    expect(reports).toEqual([]);
    expect((await stat(path.join(directory, 'model.safetensors'))).mtimeMs).toBe(mtimeMs);
    expect(await readdir(folder)).toEqual([path.basename(directory)]);
  });

  it('has weights of the deviation that models are initialised with, none like another', async () => {
    const directory = await syntheticModel(cache, SHAPE);
    const file = await SafetensorsFile.open(path.join(directory, 'model.safetensors'));
    const gate = await file.readFloat64('model.layers.0.mlp.gate_proj.weight');
    const up = await file.readFloat64('model.layers.0.mlp.up_proj.weight');
    const norm = await file.readFloat64('model.norm.weight');
    await file.close();
    const mean = gate.reduce((sum, x) => sum + x, 0) / gate.length;
    const deviation = Math.sqrt(gate.reduce((sum, x) => sum + (x - mean) ** 2, 0) / gate.length);
    expect(Math.abs(mean)).toBeLessThan(0.002);
    expect(deviation).toBeGreaterThan(0.019);
    expect(deviation).toBeLessThan(0.021);
    expect(gate).not.toEqual(up);
    expect([...norm]).toEqual(new Array(32).fill(1));
  });

  it('loads with its adapter and answers', async () => {
    const directory = await syntheticModel(cache, SHAPE);
    const adapterDirectory = await syntheticAdapter(directory, 4);
    expect(await syntheticAdapter(directory, 4)).toBe(adapterDirectory);
    const model = await LanguageModel.load(directory, await createTensorBackend('wasm'));
    expect(model.parameters).toBe(parameterCount(SHAPE));
    const files = await readAdapterFiles(adapterDirectory, model.config);
    const adapter = LoraAdapter.fromFiles(model.config, files);
    expect(adapter.shape.targetModules).toHaveLength(7);
    const sampling = { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 5, stopTokenIds: [], topLogprobs: 0 };
    const { tokens } = await generate(model, adapter, [1, 2, 3], sampling);
    expect(tokens).toHaveLength(5);
    adapter.dispose();
    model.dispose();
  });
});
