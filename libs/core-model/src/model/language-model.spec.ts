import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { ComputationCancelledError } from './computation-errors.js';
import { LanguageModel } from './language-model.js';

let backend: TensorBackend;
beforeAll(async () => {
  backend = await createTensorBackend('wasm');
});

describe('loading a language model', () => {
  it.each(GoldenModel.all.filter((golden) => golden.variant === 'bf16'))(
    'reads all weights of $name, reports how far it is, and gives everything back',
    async (golden) => {
      const before = memory().numTensors;
      const progress: { loadedBytes: number; totalBytes: number }[] = [];
      const model = await LanguageModel.load(golden.directory, backend, {
        onProgress: (state) => progress.push(state),
      });
      const last = progress.at(-1)!;
      expect(last.loadedBytes).toBe(last.totalBytes);
      expect(progress.map((state) => state.loadedBytes)).toEqual(
        progress.map((state) => state.loadedBytes).sort((a, b) => a - b),
      );
      expect(model.parameters).toBe(last.totalBytes / 2);
      expect(model.contextLength).toBe(512);
      model.dispose();
      expect(memory().numTensors).toBe(before);
    },
  );

  it('can be cancelled, and leaves no tensor', async () => {
    const before = memory().numTensors;
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => {
      if (++reports === 5) controller.abort();
    };
    const loading = LanguageModel.load(GoldenModel.of('qwen3_untied_gqa4', 'f32').directory, backend, {
      onProgress,
      signal: controller.signal,
    });
    await expect(loading).rejects.toThrow(ComputationCancelledError);
    expect(memory().numTensors).toBe(before);
  });

  it('refuses a directory without a model', async () => {
    const adapter = GoldenModel.of('qwen3_untied_gqa4', 'f32').adapterDirectory();
    await expect(LanguageModel.load(adapter, backend)).rejects.toThrow(ModelDirectoryError);
  });
});
