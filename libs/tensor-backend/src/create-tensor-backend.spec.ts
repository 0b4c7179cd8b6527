import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend, NativeBackendUnavailableError } from './create-tensor-backend.js';
import { RUNTIME_FORMAT, RUNTIME_RECORD } from './native-runtime/index.js';
import type { RuntimeRecord } from './native-runtime/index.js';
import { tensorBackendContract } from './testing/index.js';

tensorBackendContract({ name: 'wasm', create: () => createTensorBackend('wasm') });

describe('createTensorBackend without a native library that works', () => {
  let broken: string;

  beforeAll(async () => {
    broken = await mkdtemp(join(tmpdir(), 'claas-broken-runtime-'));
    const addon = 'tfjs_binding.node';
    await writeFile(join(broken, addon), 'no library');
    const file = { path: addon, bytes: 10, changed_ms: 0, crc32: 0 };
    const record: RuntimeRecord = {
      format: RUNTIME_FORMAT,
      tensorflow_version: '0',
      source: 'nowhere',
      gpu: false,
      addon,
      files: [file],
      built_at: '2026-01-01T00:00:00Z',
    };
    await writeFile(join(broken, RUNTIME_RECORD), JSON.stringify(record));
  });

  afterAll(() => rm(broken, { recursive: true }));

  it('starts wasm when asked for it, with nothing to excuse', async () => {
    const { description } = await createTensorBackend('wasm', { nativeRuntime: broken });
    expect(description).toEqual({ name: 'wasm', frozenFormat: 'F32', note: null });
    expect(getBackend()).toBe('wasm');
  });

  it('says with auto what is lost without the native library', async () => {
    const { description } = await createTensorBackend('auto');
    expect(description.name).toBe('wasm');
    expect(description.note).toMatch(/slower.*native TensorFlow library is not installed.*setup:native/);
  });

  it('says with auto what of the library is missing', async () => {
    const { description } = await createTensorBackend('auto', { nativeRuntime: join(broken, 'empty') });
    expect(description.note).toMatch(/not installed completely \(there is no native runtime in .*empty\)/);
  });

  it('says with auto why a library that is there is not used', async () => {
    const { description } = await createTensorBackend('auto', { nativeRuntime: broken });
    expect(description.name).toBe('wasm');
    expect(description.note).toMatch(/does not work \(.*tfjs_binding\.node.*\).*setup:native/);
  });

  it('refuses tensorflow, and says what to do', async () => {
    await expect(createTensorBackend('tensorflow')).rejects.toThrow(NativeBackendUnavailableError);
    await expect(createTensorBackend('tensorflow')).rejects.toThrow(/not installed.*choose `auto` or `wasm`/);
    await expect(createTensorBackend('tensorflow', { nativeRuntime: broken })).rejects.toThrow(/does not work/);
  });
});
