import type { Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';
import type { ModelConfig } from '../config/model-config.js';
import type { LinearGroup, PackedLora, PackedLoraGradients } from './linear-group.js';
import type { RotarySlice } from './rotary-tables.js';

/** Which linear modules of a layer share an input. */
export const LINEAR_GROUPS = ['qkv', 'o', 'gateUp', 'down'] as const;
export type LinearGroupName = (typeof LINEAR_GROUPS)[number];

export interface HeadNorm {
  /** (H + G, 1, D): the norm weight of queries, then that of keys; they are normed together and weighted afterwards. */
  readonly weight: Tensor3D;
}

/** The frozen weights of a decoder layer. */
export interface DecoderLayer {
  readonly groups: Readonly<Record<LinearGroupName, LinearGroup>>;
  /** (C) */
  readonly inputNorm: Tensor1D;
  /** (C) */
  readonly postAttentionNorm: Tensor1D;
  /** Norm of each query and key head; null where the model has none. */
  readonly headNorm: HeadNorm | null;
}

/** A layer's LoRA weights by group; a group without any is null. */
export type LayerLora = Readonly<Record<LinearGroupName, PackedLora | null>>;
export type LayerLoraGradients = Readonly<Record<LinearGroupName, PackedLoraGradients | null>>;

/** What a key/value cache does between the projections and the attention: k, v (G, T, D) → (G, S, D), of which the first `offset` are older. */
export type ExtendKeyValues = (
  k: Tensor3D,
  v: Tensor3D,
) => { readonly k: Tensor3D; readonly v: Tensor3D; readonly offset: number };

/** Everything but activations that a pass through one layer needs. */
export interface LayerPass {
  readonly backend: TensorBackend;
  readonly config: Pick<ModelConfig, 'attentionHeads' | 'keyValueHeads' | 'headDim' | 'rmsNormEpsilon'>;
  readonly layer: DecoderLayer;
  /** Null: the base model. */
  readonly lora: LayerLora | null;
  /** Of the rows of the layer's input. */
  readonly rotary: RotarySlice;
  /** The first row that the output has; those before it serve as keys and values only. */
  readonly from: number;
  /** Null: keys and values are those of the input. */
  readonly extend: ExtendKeyValues | null;
}
