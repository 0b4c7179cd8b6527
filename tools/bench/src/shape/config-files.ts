import type { ModelShape } from './model-shape.js';

/** The longest sequence that is measured, and room for an answer. */
const MAX_POSITIONS = 8192;

/** `config.json` as transformers writes it for Qwen3. */
export function modelConfigJson(shape: ModelShape): string {
  return json({
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    attention_bias: false,
    attention_dropout: 0,
    hidden_act: 'silu',
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.attentionHeads,
    num_key_value_heads: shape.keyValueHeads,
    head_dim: shape.headDim,
    vocab_size: shape.vocabularySize,
    max_position_embeddings: MAX_POSITIONS,
    rms_norm_eps: 1e-6,
    rope_theta: 1_000_000,
    tie_word_embeddings: true,
    torch_dtype: 'bfloat16',
    use_cache: true,
    use_sliding_window: false,
  });
}

/** `generation_config.json`: greedy, and no token ends an answer, so that every measurement has the length asked for. */
export function generationConfigJson(): string {
  return json({ do_sample: false });
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
