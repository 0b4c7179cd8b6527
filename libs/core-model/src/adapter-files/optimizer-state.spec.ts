import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModelConfig } from '../config/model-config.js';
import { AdapterFilesError } from '../errors/adapter-files-error.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { writeSafetensors, type TensorToWrite } from '../safetensors/write-safetensors.js';
import { adapterKey, type AdapterTensors } from './adapter-tensors.js';
import { readOptimizerState, writeOptimizerState, type OptimizerState } from './optimizer-state.js';
import { adapterOf, counted } from './testing/sample-adapter.js';

const qwen3 = fileURLToPath(new URL('../__fixtures__/golden-models/qwen3_tied_headdim/', import.meta.url));

describe('optimizer state', () => {
  let directory: string;
  let adapter: AdapterTensors;
  let state: OptimizerState;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-optimizer-'));
    adapter = adapterOf(await readModelConfig(join(qwen3, 'f32')), 2, ['q_proj']);
    const moments = [...adapter.tensors].map(([key, { data }], number) => {
      return [key, { first: counted(data.length, number), second: data.map(Math.abs) }] as const;
    });
    state = { stepCount: 12, moments: new Map(moments) };
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('comes back as it was written', async () => {
    await writeOptimizerState(directory, adapter, state);
    expect(await readOptimizerState(directory, adapter)).toEqual(state);
  });

  it('has the names of PyTorch', async () => {
    await writeOptimizerState(directory, adapter, state);
    const file = await SafetensorsFile.open(join(directory, 'optimizer.safetensors'));
    const key = adapterKey(0, 'q_proj', 'A');
    expect(file.has(`exp_avg.${key}`) && file.has(`exp_avg_sq.${key}`)).toBe(true);
    expect(file.header.metadata).toEqual({ format: 'pt', step_count: '12' });
    await file.close();
  });

  it('is null where there is none', async () => {
    expect(await readOptimizerState(directory, adapter)).toBeNull();
  });

  it('is not written with moments missing', async () => {
    const incomplete = { ...state, moments: new Map([...state.moments].slice(1)) };
    await expect(writeOptimizerState(directory, adapter, incomplete)).rejects.toThrow(RangeError);
  });

  it('of another adapter is refused', async () => {
    await writeOptimizerState(directory, adapter, state);
    const config = await readModelConfig(join(qwen3, 'f32'));
    for (const other of [adapterOf(config, 3, ['q_proj']), adapterOf(config, 2, ['q_proj', 'k_proj'])]) {
      await expect(readOptimizerState(directory, other)).rejects.toBeInstanceOf(AdapterFilesError);
    }
  });

  it.each([
    ['no step count', { format: 'pt' }, 1, /undefined/],
    ['a broken step count', { step_count: '1.5' }, 1, /1\.5/],
    ['a negative mean of squares', { step_count: '1' }, -1, /some/],
    ['NaN', { step_count: '1' }, NaN, /others/],
  ])('with %s is refused', async (_, metadata, value, found) => {
    const tensors = new Map<string, TensorToWrite>();
    for (const [key, { shape, data }] of adapter.tensors) {
      tensors.set(`exp_avg.${key}`, { shape, data });
      tensors.set(`exp_avg_sq.${key}`, { shape, data: new Float32Array(data.length).fill(value) });
    }
    await writeSafetensors(join(directory, 'optimizer.safetensors'), tensors, metadata);
    const error: unknown = await readOptimizerState(directory, adapter).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AdapterFilesError);
    expect((error as AdapterFilesError).found).toMatch(found);
  });
});
