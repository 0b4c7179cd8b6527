import type { ModelConfig } from '../config/model-config.js';

/** The seven linear modules of a decoder layer that LoRA may change, in the order of the layer. */
export const LORA_MODULE_NAMES = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LoraModuleName = (typeof LORA_MODULE_NAMES)[number];

/** Where each module hangs in a layer: `self_attn.q_proj`, `mlp.down_proj`. */
export const LORA_MODULE_PATHS: Readonly<Record<LoraModuleName, string>> = {
  q_proj: 'self_attn.q_proj',
  k_proj: 'self_attn.k_proj',
  v_proj: 'self_attn.v_proj',
  o_proj: 'self_attn.o_proj',
  gate_proj: 'mlp.gate_proj',
  up_proj: 'mlp.up_proj',
  down_proj: 'mlp.down_proj',
};

/** (O, I) of a module's frozen weight, as in `y = x·Wᵀ`. */
export function moduleShape(config: ModelConfig, module: LoraModuleName): readonly [rows: number, columns: number] {
  const queries = config.attentionHeads * config.headDim;
  const keys = config.keyValueHeads * config.headDim;
  switch (module) {
    case 'q_proj':
      return [queries, config.hiddenSize];
    case 'k_proj':
    case 'v_proj':
      return [keys, config.hiddenSize];
    case 'o_proj':
      return [config.hiddenSize, queries];
    case 'gate_proj':
    case 'up_proj':
      return [config.intermediateSize, config.hiddenSize];
    case 'down_proj':
      return [config.hiddenSize, config.intermediateSize];
  }
}
