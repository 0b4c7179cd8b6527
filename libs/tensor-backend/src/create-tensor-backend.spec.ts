import { getBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createTensorBackend, NativeBackendUnavailableError } from './create-tensor-backend.js';
import type { TensorBackendChoice } from './create-tensor-backend.js';
import { skippedTensorBackend, tensorBackendContract } from './testing/index.js';

const CHOICES: TensorBackendChoice[] = ['wasm', 'tensorflow'];

for (const choice of CHOICES) {
  const unavailable = await createTensorBackend(choice).then(
    () => null,
    (error: unknown) => {
      if (error instanceof NativeBackendUnavailableError) return error;
      throw error;
    },
  );
  if (unavailable === null) tensorBackendContract({ name: choice, create: () => createTensorBackend(choice) });
  else skippedTensorBackend(choice, unavailable.message);
}

describe('createTensorBackend', () => {
  it('starts wasm when asked for it, with nothing to excuse', async () => {
    const { description } = await createTensorBackend('wasm');
    expect(description).toEqual({ name: 'wasm', frozenFormat: 'F32', note: null });
    expect(getBackend()).toBe('wasm');
  });

  it('says with auto what is lost without the native library', async () => {
    const { description } = await createTensorBackend('auto');
    expect(description.name).toBe('wasm');
    expect(description.note).toMatch(/native TensorFlow library is not installed.*setup:native.*slower/);
  });

  it('refuses tensorflow where the native library is missing, and says what to do', async () => {
    await expect(createTensorBackend('tensorflow')).rejects.toThrow(NativeBackendUnavailableError);
    await expect(createTensorBackend('tensorflow')).rejects.toThrow(/Choose `auto` or `wasm`/);
  });
});
