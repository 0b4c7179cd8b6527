import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { readGenerationDefaults } from './generation-defaults.js';
import { readModelConfig } from './model-config.js';

const goldenModels = fileURLToPath(new URL('../__fixtures__/golden-models/', import.meta.url));
const clayTiny = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));

const QWEN3 = {
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  hidden_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  num_hidden_layers: 2,
  intermediate_size: 96,
  vocab_size: 100,
  max_position_embeddings: 512,
  rope_theta: 1e6,
};

const LLAMA3_SCALING = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

describe('reading a model config', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-config-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function writeConfig(changes: Record<string, unknown> = {}): Promise<void> {
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...QWEN3, ...changes }));
  }

  async function failure(): Promise<ModelDirectoryError> {
    const error: unknown = await readModelConfig(directory).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ModelDirectoryError)) throw new Error(`Unexpected: ${String(error)}`);
    expect(error.code).toBe('base_model_invalid');
    return error;
  }

  it.each(['qwen3_tied_headdim', 'qwen3_untied_gqa4', 'qwen2_tied_bias', 'llama_rope_llama3'])(
    'reads %s alike in the style of transformers 4 and 5',
    async (model) => {
      const before = await readModelConfig(join(goldenModels, model, 'f32'));
      const now = await readModelConfig(join(goldenModels, model, 'bf16'));
      expect(now).toEqual(before);
    },
  );

  it('reads what the architectures differ in', async () => {
    const [qwen3, qwen2, llama] = await Promise.all(
      ['qwen3_tied_headdim', 'qwen2_tied_bias', 'llama_rope_llama3'].map((model) =>
        readModelConfig(join(goldenModels, model, 'f32')),
      ),
    );
    expect(qwen3).toEqual({
      architecture: 'qwen3',
      hiddenSize: 40,
      intermediateSize: 96,
      layers: 3,
      attentionHeads: 4,
      keyValueHeads: 2,
      headDim: 16,
      vocabularySize: 320,
      maxPositions: 512,
      rmsNormEpsilon: 1e-6,
      rope: { theta: 1e6, scaling: null },
      queryKeyValueBias: false,
      outputBias: false,
      mlpBias: false,
      queryKeyNorm: true,
      tiedEmbeddings: true,
      eosTokenIds: [1],
      bosTokenId: 0,
    });
    expect(qwen2).toMatchObject({ headDim: 12, queryKeyValueBias: true, outputBias: false, queryKeyNorm: false });
    expect(llama).toMatchObject({
      rmsNormEpsilon: 1e-5,
      tiedEmbeddings: false,
      queryKeyNorm: false,
      rope: {
        theta: 500_000,
        scaling: {
          type: 'llama3',
          factor: 8,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalMaxPositions: 64,
        },
      },
    });
  });

  it('reads clay-tiny, its ends of an answer and its sampling defaults', async () => {
    const config = await readModelConfig(clayTiny);
    expect(config).toMatchObject({ headDim: 64, vocabularySize: 4096, eosTokenIds: [2, 0], bosTokenId: null });
    const raw = JSON.parse(await readFile(join(clayTiny, 'generation_config.json'), 'utf8')) as Record<string, unknown>;
    expect(await readGenerationDefaults(clayTiny)).toEqual({
      doSample: raw['do_sample'],
      temperature: raw['temperature'],
      topK: raw['top_k'],
      topP: raw['top_p'],
      eosTokenIds: [2, 0],
    });
  });

  it('puts the attention bias of Llama and Qwen3 on all four projections, that of the MLP on Llama only', async () => {
    await writeConfig({ attention_bias: true });
    expect(await readModelConfig(directory)).toMatchObject({ queryKeyValueBias: true, outputBias: true });
    await writeConfig({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      attention_bias: true,
      mlp_bias: true,
    });
    expect(await readModelConfig(directory)).toMatchObject({
      queryKeyValueBias: true,
      outputBias: true,
      mlpBias: true,
    });
  });

  it('fills in what older configs leave out', async () => {
    await writeConfig({ num_key_value_heads: null, rope_theta: undefined });
    expect(await readModelConfig(directory)).toMatchObject({
      headDim: 128,
      keyValueHeads: 4,
      rope: { theta: 10_000, scaling: null },
      rmsNormEpsilon: 1e-6,
      tiedEmbeddings: false,
      eosTokenIds: [],
    });
  });

  it('takes a head size that is left out as each architecture does', async () => {
    await writeConfig({ head_dim: undefined });
    expect((await readModelConfig(directory)).headDim).toBe(128);
    await writeConfig({ head_dim: undefined, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' });
    const { headDim, hiddenSize, attentionHeads } = await readModelConfig(directory);
    expect(headDim).toBe(hiddenSize / attentionHeads);
  });

  it('prefers the ends of an answer in generation_config.json', async () => {
    await writeConfig({ eos_token_id: 5 });
    expect((await readModelConfig(directory)).eosTokenIds).toEqual([5]);
    await writeFile(join(directory, 'generation_config.json'), '{"eos_token_id":[7,5]}');
    expect((await readModelConfig(directory)).eosTokenIds).toEqual([7, 5]);
  });

  it('accepts a sliding window that is switched off', async () => {
    await writeConfig({ use_sliding_window: false, sliding_window: 4096, layer_types: ['full_attention'] });
    await expect(readModelConfig(directory)).resolves.toMatchObject({ architecture: 'qwen3' });
  });

  it.each([
    ['an unknown architecture', { architectures: ['GemmaForCausalLM'], model_type: 'gemma' }, 'architectures', 'Gemma'],
    ['an unknown model type', { architectures: undefined, model_type: 'mamba' }, 'model_type', 'mamba'],
    ['no architecture at all', { architectures: undefined, model_type: undefined }, 'model_type', 'nothing'],
    [
      'a mixture of experts',
      { architectures: ['Qwen3MoeForCausalLM'], model_type: 'qwen3_moe' },
      'architectures',
      'Moe',
    ],
    ['names that contradict', { model_type: 'llama' }, 'model_type', 'llama'],
    ['YaRN', { rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_scaling.rope_type', 'yarn'],
    ['linear scaling by its old name', { rope_scaling: { type: 'linear', factor: 2 } }, 'rope_scaling.type', 'linear'],
    [
      'scaling without a factor',
      { rope_parameters: { ...LLAMA3_SCALING, factor: null } },
      'rope_parameters.factor',
      'null',
    ],
    [
      'scaling upside down',
      { rope_parameters: { ...LLAMA3_SCALING, high_freq_factor: 0.5 } },
      'rope_parameters.high_freq_factor',
      '0.5',
    ],
    ['partial rotation', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '0.5'],
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act', 'gelu'],
    ['a sliding window', { use_sliding_window: true, sliding_window: 4096 }, 'use_sliding_window', 'true'],
    ['windowed layers', { layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types', 'sliding_attention'],
    ['quantized weights', { quantization_config: { quant_method: 'gptq' } }, 'quantization_config', 'gptq'],
    ['a missing size', { hidden_size: undefined }, 'hidden_size', 'nothing'],
    ['a size in words', { num_hidden_layers: 'two' }, 'num_hidden_layers', '"two"'],
    ['heads that do not divide', { num_key_value_heads: 3 }, 'num_key_value_heads', '3'],
    [
      'half a channel',
      { num_attention_heads: 6, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' },
      'head_dim',
      '10.666',
    ],
    ['an odd head', { head_dim: 15 }, 'head_dim', '15'],
    ['an end outside the vocabulary', { eos_token_id: 100 }, 'vocab_size', '100'],
  ])('refuses %s, naming field and value', async (_, changes, field, found) => {
    await writeConfig(changes);
    const error = await failure();
    expect(error.file).toBe(join(directory, 'config.json'));
    expect(error.field).toBe(field);
    expect(error.found).toContain(found);
    expect(error.message).toContain(error.expected);
  });

  it('refuses the sliding window of a Llama that only names its size', async () => {
    await writeConfig({ architectures: ['LlamaForCausalLM'], model_type: 'llama', sliding_window: 4096 });
    expect((await failure()).field).toBe('use_sliding_window');
  });

  it('says what supported architectures are', async () => {
    await writeConfig({ architectures: ['GemmaForCausalLM'] });
    expect((await failure()).message).toMatch(/Qwen3ForCausalLM, Qwen2ForCausalLM, LlamaForCausalLM/);
  });

  it.each([
    ['missing', null, 'no such file'],
    ['cut', '{"model_type": "qwen3", ', "text that isn't"],
    ['a list', '[]', '[]'],
  ])('names a config.json that is %s', async (_, content, found) => {
    if (content !== null) await writeFile(join(directory, 'config.json'), content);
    const error = await failure();
    expect(error.file).toBe(join(directory, 'config.json'));
    expect(error.found).toContain(found);
  });

  it('names a damaged generation_config.json', async () => {
    await writeConfig();
    await writeFile(join(directory, 'generation_config.json'), '{"temperature":"hot"}');
    const error = await failure();
    expect(error).toMatchObject({ file: join(directory, 'generation_config.json'), field: 'temperature' });
  });
});
