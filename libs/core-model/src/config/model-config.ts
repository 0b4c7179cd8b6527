import { join } from 'node:path';
import { modelDirectoryError } from '../errors/model-directory-error.js';
import { readGenerationDefaults } from './generation-defaults.js';
import { JsonFields } from './json-fields.js';
import { readRopeSettings, type RopeSettings } from './rope-settings.js';

/** Decoder-only transformers that are supported, by `model_type`. */
export type ModelArchitecture = 'qwen3' | 'qwen2' | 'llama';

const ARCHITECTURE_CLASSES: Readonly<Record<ModelArchitecture, string>> = {
  qwen3: 'Qwen3ForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  llama: 'LlamaForCausalLM',
};

/** The shape of a decoder-only transformer, and the switches in which the architectures differ. */
export interface ModelConfig {
  readonly architecture: ModelArchitecture;
  /** C */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  /** H */
  readonly attentionHeads: number;
  /** G; H is a multiple of it. */
  readonly keyValueHeads: number;
  /** D; H·D needn't be C. */
  readonly headDim: number;
  /** V: rows of the embedding, often padded beyond the tokenizer's. */
  readonly vocabularySize: number;
  /** Longest sequence. */
  readonly maxPositions: number;
  readonly rmsNormEpsilon: number;
  readonly rope: RopeSettings;
  /** Do q_proj, k_proj and v_proj have a bias? */
  readonly queryKeyValueBias: boolean;
  /** Does o_proj? */
  readonly outputBias: boolean;
  /** Do gate_proj, up_proj and down_proj? */
  readonly mlpBias: boolean;
  /** Are the heads of q and k RMS-normalised before rotation? */
  readonly queryKeyNorm: boolean;
  /** Is the embedding also the output matrix? Then there is no `lm_head.weight`. */
  readonly tiedEmbeddings: boolean;
  /** Tokens that end an answer: those of generation_config.json, else of config.json. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
}

/** What transformers takes for a Qwen3 config that doesn't say: not hidden/heads, as for the others. */
const QWEN3_HEAD_DIM = 128;

/**
 * Reads and checks `config.json` (as transformers 4 and 5 write it) and the ends of an answer from `generation_config.json`.
 * @throws ModelDirectoryError naming file, field, what was found and what is supported
 */
export async function readModelConfig(directory: string): Promise<ModelConfig> {
  const file = join(directory, 'config.json');
  const fields = await JsonFields.read(file, modelDirectoryError);
  const architecture = readArchitecture(fields);
  refuseUnsupported(fields, architecture);

  const hiddenSize = fields.positiveInteger('hidden_size');
  const attentionHeads = fields.positiveInteger('num_attention_heads');
  const keyValueHeads = fields.positiveInteger('num_key_value_heads', attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw fields.problem('num_key_value_heads', `a divisor of num_attention_heads (${attentionHeads})`, keyValueHeads);
  }
  const headDim = fields.positiveInteger(
    'head_dim',
    architecture === 'qwen3' ? QWEN3_HEAD_DIM : hiddenSize / attentionHeads,
  );
  if (headDim % 2 !== 0) throw fields.problem('head_dim', 'an even number (rotation works on pairs)', headDim);

  const attentionBias = fields.boolean('attention_bias', false);
  const generation = await readGenerationDefaults(directory);
  const vocabularySize = fields.positiveInteger('vocab_size');
  const eosTokenIds = generation.eosTokenIds.length > 0 ? generation.eosTokenIds : fields.tokenIds('eos_token_id');
  for (const id of eosTokenIds) {
    if (id >= vocabularySize) throw fields.problem('vocab_size', `more than the eos token id ${id}`, vocabularySize);
  }

  return {
    architecture,
    hiddenSize,
    intermediateSize: fields.positiveInteger('intermediate_size'),
    layers: fields.positiveInteger('num_hidden_layers'),
    attentionHeads,
    keyValueHeads,
    headDim,
    vocabularySize,
    maxPositions: fields.positiveInteger('max_position_embeddings'),
    rmsNormEpsilon: fields.positiveNumber('rms_norm_eps', 1e-6),
    rope: readRopeSettings(fields),
    queryKeyValueBias: architecture === 'qwen2' || attentionBias,
    outputBias: architecture !== 'qwen2' && attentionBias,
    mlpBias: architecture === 'llama' && fields.boolean('mlp_bias', false),
    queryKeyNorm: architecture === 'qwen3',
    tiedEmbeddings: fields.boolean('tie_word_embeddings', false),
    eosTokenIds,
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
  };
}

function readArchitecture(fields: JsonFields): ModelArchitecture {
  const supported = Object.keys(ARCHITECTURE_CLASSES) as ModelArchitecture[];
  const classes = fields.strings('architectures');
  const type = fields.optionalString('model_type');
  const byClass = supported.find((name) => classes.includes(ARCHITECTURE_CLASSES[name]));
  if (classes.length > 0 && byClass === undefined) {
    throw fields.problem('architectures', `one of ${Object.values(ARCHITECTURE_CLASSES).join(', ')}`, classes);
  }
  const byType = supported.find((name) => name === type);
  if (type !== null && byType === undefined) throw fields.problem('model_type', `one of ${supported.join(', ')}`, type);
  if (byClass !== undefined && byType !== undefined && byClass !== byType) {
    throw fields.problem('model_type', `'${byClass}', as architectures says`, type);
  }
  const architecture = byType ?? byClass;
  if (architecture === undefined) throw fields.problem('model_type', `one of ${supported.join(', ')}`, undefined);
  return architecture;
}

/** What would load but compute something else than was trained. */
function refuseUnsupported(fields: JsonFields, architecture: ModelArchitecture): void {
  const activation = fields.optionalString('hidden_act') ?? 'silu';
  if (activation !== 'silu') throw fields.problem('hidden_act', "'silu'", activation);

  if (fields.has('quantization_config')) {
    throw fields.problem(
      'quantization_config',
      'unquantized weights (F32, F16 or BF16)',
      fields.raw('quantization_config'),
    );
  }
  if (fields.has('partial_rotary_factor') && fields.raw('partial_rotary_factor') !== 1) {
    throw fields.problem('partial_rotary_factor', '1 (all channels are rotated)', fields.raw('partial_rotary_factor'));
  }

  // Qwen configs name a window that is off unless use_sliding_window says so; for the others naming it is using it.
  const usesWindow = fields.boolean('use_sliding_window', architecture === 'llama' && fields.has('sliding_window'));
  if (usesWindow) throw fields.problem('use_sliding_window', 'full attention in every layer', true);
  const windowed = fields.strings('layer_types').find((type) => type !== 'full_attention');
  if (windowed !== undefined) throw fields.problem('layer_types', "only 'full_attention'", windowed);
}
