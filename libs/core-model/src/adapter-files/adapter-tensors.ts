import { LORA_MODULE_PATHS, type LoraModuleName } from './lora-module.js';

/** The two factors of a LoRA update ΔW = (alpha / r)·B·A. */
export type LoraPart = 'A' | 'B';

/** One factor of one module. */
export interface AdapterTensor {
  readonly module: LoraModuleName;
  readonly layer: number;
  readonly part: LoraPart;
  /** A: (R, I); B: (O, R). */
  readonly shape: readonly [rows: number, columns: number];
  /** Row-major. */
  readonly data: Float32Array;
}

/** A whole adapter in memory, as PEFT names it. */
export interface AdapterTensors {
  /** R */
  readonly rank: number;
  readonly loraAlpha: number;
  /** In the order of a decoder layer. */
  readonly targetModules: readonly LoraModuleName[];
  /** `base_model_name_or_path`; null when the adapter doesn't say. */
  readonly baseModel: string | null;
  /** By PEFT key (`adapterKey`): for each layer and target module an A and a B. */
  readonly tensors: ReadonlyMap<string, AdapterTensor>;
}

/** PEFT's name of a factor: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export function adapterKey(layer: number, module: LoraModuleName, part: LoraPart): string {
  return `base_model.model.model.layers.${layer}.${LORA_MODULE_PATHS[module]}.lora_${part}.weight`;
}
