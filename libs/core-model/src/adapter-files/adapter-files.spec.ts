import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readModelConfig, type ModelConfig } from '../config/model-config.js';
import { AdapterFilesError } from '../errors/adapter-files-error.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { writeSafetensors, type TensorToWrite } from '../safetensors/write-safetensors.js';
import { adapterKey } from './adapter-tensors.js';
import { LORA_MODULE_NAMES, moduleShape } from './lora-module.js';
import { readAdapterFiles } from './read-adapter-files.js';
import { adapterOf, counted } from './testing/sample-adapter.js';
import { writeAdapterFiles } from './write-adapter-files.js';

const goldenModels = fileURLToPath(new URL('../__fixtures__/golden-models/', import.meta.url));
const qwen3 = join(goldenModels, 'qwen3_tied_headdim');

describe('adapter files', () => {
  let directory: string;
  let config: ModelConfig;

  beforeAll(async () => {
    config = await readModelConfig(join(qwen3, 'f32'));
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-adapter-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function failureOf(work: Promise<unknown>): Promise<AdapterFilesError> {
    const error: unknown = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof AdapterFilesError)) throw new Error(`Unexpected: ${String(error)}`);
    expect(error.code).toBe('adapter_incompatible');
    return error;
  }

  /** Copies PEFT's own adapter and changes its config or its tensors. */
  async function copyOfGolden(change: {
    readonly config?: Record<string, unknown>;
    readonly tensors?: (tensors: Map<string, TensorToWrite>) => unknown;
  }): Promise<void> {
    await cp(join(qwen3, 'adapter'), directory, { recursive: true });
    const configPath = join(directory, 'adapter_config.json');
    const fields = JSON.parse(await readFile(configPath, 'utf8')) as Record<string, unknown>;
    await writeFile(configPath, JSON.stringify({ ...fields, ...change.config }));
    if (change.tensors === undefined) return;
    const tensors = new Map<string, TensorToWrite>((await readAdapterFiles(join(qwen3, 'adapter'), config)).tensors);
    change.tensors(tensors);
    await rm(join(directory, 'adapter_model.safetensors'));
    await writeSafetensors(join(directory, 'adapter_model.safetensors'), tensors);
  }

  it.each(['qwen3_tied_headdim', 'qwen3_untied_gqa4', 'qwen2_tied_bias', 'llama_rope_llama3'])(
    'of PEFT for %s are read whole',
    async (model) => {
      const modelConfig = await readModelConfig(join(goldenModels, model, 'f32'));
      const adapter = await readAdapterFiles(join(goldenModels, model, 'adapter'), modelConfig);
      expect(adapter).toMatchObject({ rank: 4, loraAlpha: 8, baseModel: 'base', targetModules: LORA_MODULE_NAMES });
      expect(adapter.tensors.size).toBe(modelConfig.layers * 7 * 2);
      const file = await SafetensorsFile.open(join(goldenModels, model, 'adapter', 'adapter_model.safetensors'));
      for (const [key, { data }] of adapter.tensors) expect(data).toEqual(await file.readFloat32(key));
      await file.close();
    },
  );

  it('have the shapes that the frozen weights ask for', async () => {
    for (const model of ['qwen3_tied_headdim', 'qwen2_tied_bias', 'llama_rope_llama3']) {
      const modelConfig = await readModelConfig(join(goldenModels, model, 'f32'));
      const file = await SafetensorsFile.open(join(goldenModels, model, 'f32', 'model.safetensors'));
      for (const module of LORA_MODULE_NAMES) {
        const [name] = [...file.header.entries.keys()].filter((key) => key.endsWith(`.${module}.weight`));
        expect(file.entry(name ?? '').shape).toEqual(moduleShape(modelConfig, module));
      }
      await file.close();
    }
  });

  it("carry PEFT's names", () => {
    expect(adapterKey(3, 'q_proj', 'A')).toBe('base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight');
    expect(adapterKey(0, 'down_proj', 'B')).toBe('base_model.model.model.layers.0.mlp.down_proj.lora_B.weight');
  });

  it('come back as they were written, for any rank and modules', async () => {
    const adapter = adapterOf(config, 3, ['q_proj', 'v_proj', 'down_proj']);
    await writeAdapterFiles(directory, adapter);
    expect(await readAdapterFiles(directory, config)).toEqual(adapter);
  });

  it('say what vLLM and PEFT want to know', async () => {
    await writeAdapterFiles(directory, adapterOf(config, 2, ['k_proj']));
    expect(JSON.parse(await readFile(join(directory, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: 'claas/tiny',
      r: 2,
      lora_alpha: 16,
      target_modules: ['k_proj'],
      bias: 'none',
      lora_dropout: 0,
      modules_to_save: null,
      use_dora: false,
      use_rslora: false,
      fan_in_fan_out: false,
    });
  });

  it('have the same bytes each time', async () => {
    const adapter = adapterOf(config, 2, ['k_proj', 'up_proj']);
    await writeAdapterFiles(directory, adapter);
    const again = await mkdtemp(join(tmpdir(), 'claas-adapter-'));
    await writeAdapterFiles(again, { ...adapter, tensors: new Map([...adapter.tensors].reverse()) });
    for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
      expect(await readFile(join(again, name))).toEqual(await readFile(join(directory, name)));
    }
    await rm(again, { recursive: true });
  });

  it('of half precision are read as float32', async () => {
    const adapter = adapterOf(config, 1, ['k_proj']);
    await writeAdapterFiles(directory, adapter);
    const header: Record<string, unknown> = {};
    let offset = 0;
    for (const [key, { shape }] of adapter.tensors) {
      const end = offset + shape[0] * shape[1] * 2;
      header[key] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
      offset = end;
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.byteLength));
    const ones = Buffer.from(new Uint16Array(offset / 2).fill(0x3f80).buffer);
    await writeFile(join(directory, 'adapter_model.safetensors'), Buffer.concat([length, json, ones]));
    const read = await readAdapterFiles(directory, config);
    for (const { data } of read.tensors.values()) expect(new Set(data)).toEqual(new Set([1]));
  });

  it.each([
    ['another method', { peft_type: 'IA3' }, 'peft_type'],
    ['another task', { task_type: 'SEQ_CLS' }, 'task_type'],
    ['DoRA', { use_dora: true }, 'use_dora'],
    ['rank-stabilised scaling', { use_rslora: true }, 'use_rslora'],
    ['trained biases', { bias: 'all' }, 'bias'],
    ['LoRA biases', { lora_bias: true }, 'lora_bias'],
    ['transposed weights', { fan_in_fan_out: true }, 'fan_in_fan_out'],
    ['whole modules', { modules_to_save: ['lm_head'] }, 'modules_to_save'],
    ['ranks by module', { rank_pattern: { q_proj: 8 } }, 'rank_pattern'],
    ['alphas by module', { alpha_pattern: { q_proj: 8 } }, 'alpha_pattern'],
    ['chosen layers', { layers_to_transform: [0] }, 'layers_to_transform'],
    ['repeated layers', { layer_replication: [[0, 2]] }, 'layer_replication'],
    ['the output matrix', { target_modules: ['q_proj', 'lm_head'] }, 'target_modules'],
    ['the embedding', { target_modules: ['embed_tokens'] }, 'target_modules'],
    ['a pattern for modules', { target_modules: '.*_proj' }, 'target_modules'],
    ['no modules', { target_modules: [] }, 'target_modules'],
    ['rank 0', { r: 0 }, 'r'],
    ['an absurd rank', { r: 1_000_000 }, 'r'],
    ['half a rank', { r: 1.5 }, 'r'],
    ['no alpha', { lora_alpha: null }, 'lora_alpha'],
    ['a negative alpha', { lora_alpha: -1 }, 'lora_alpha'],
  ])('with %s are refused', async (_, changes, field) => {
    await copyOfGolden({ config: changes });
    const error = await failureOf(readAdapterFiles(directory, config));
    expect(error).toMatchObject({ file: join(directory, 'adapter_config.json'), field });
  });

  const key = adapterKey(1, 'o_proj', 'B');

  it.each<[string, (tensors: Map<string, TensorToWrite>) => unknown, string, RegExp]>([
    ['without a tensor', (tensors) => tensors.delete(key), key, /none/],
    [
      'with a tensor too many',
      (tensors) => tensors.set(adapterKey(3, 'q_proj', 'A'), { shape: [4, 40], data: new Float32Array(160) }),
      adapterKey(3, 'q_proj', 'A'),
      /beyond/,
    ],
    [
      'with an lm_head',
      (tensors) => tensors.set('base_model.model.lm_head.lora_A.weight', { shape: [1], data: new Float32Array(1) }),
      'base_model.model.lm_head.lora_A.weight',
      /beyond/,
    ],
    [
      'of another rank than they say',
      (tensors) => tensors.set(key, { shape: [40, 5], data: new Float32Array(200) }),
      key,
      /\[40, 5\]/,
    ],
    [
      'for another model',
      (tensors) => tensors.set(key, { shape: [64, 4], data: new Float32Array(256) }),
      key,
      /\[64, 4\]/,
    ],
    [
      'in the wrong order of axes',
      (tensors) => tensors.set(key, { shape: [4, 40], data: new Float32Array(160) }),
      key,
      /\[4, 40\]/,
    ],
    [
      'with NaN',
      (tensors) => tensors.set(key, { shape: [40, 4], data: counted(160, 1).fill(NaN, 17, 18) }),
      key,
      /NaN at element 17/,
    ],
    [
      'with infinity',
      (tensors) => tensors.set(key, { shape: [40, 4], data: counted(160, 1).fill(-Infinity, 159) }),
      key,
      /-Infinity/,
    ],
  ])('%s are refused', async (_, tensors, tensor, found) => {
    await copyOfGolden({ tensors });
    const error = await failureOf(readAdapterFiles(directory, config));
    expect(error).toMatchObject({ file: join(directory, 'adapter_model.safetensors'), tensor });
    expect(error.found).toMatch(found);
  });

  it('that are missing or damaged are named', async () => {
    expect(await failureOf(readAdapterFiles(directory, config))).toMatchObject({ found: 'no such file' });
    await copyOfGolden({});
    await writeFile(join(directory, 'adapter_model.safetensors'), 'PK');
    expect((await failureOf(readAdapterFiles(directory, config))).found).toMatch(/cut short/);
    await writeFile(join(directory, 'adapter_config.json'), '{');
    expect((await failureOf(readAdapterFiles(directory, config))).file).toBe(join(directory, 'adapter_config.json'));
  });
});
