import { add, concat, mul, reshape, slice, transpose } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { AttentionForward, RmsNormForward, TensorBackend } from '@claas/tensor-backend';
import type { ModelConfig } from '../config/model-config.js';
import { linearBackward, linearForward } from './linear-group.js';
import type { LinearForward, LinearGroup, PackedLora, PackedLoraGradients } from './linear-group.js';
import type { RotarySlice } from './rotary-tables.js';

/*
 * One decoder layer, forward and backward, in the same order of operations.
 * Axes: T positions, S positions of the cache and T, C hidden size, H query heads, G key/value heads, D head size, I width of the MLP.
 */

/** Which linear modules of a layer share an input. */
export const LINEAR_GROUPS = ['qkv', 'o', 'gateUp', 'down'] as const;
export type LinearGroupName = (typeof LINEAR_GROUPS)[number];

export interface HeadNorm {
  /** (H + G, 1, D): the norm weight of queries, then that of keys. */
  readonly weight: Tensor3D;
  /** (D): ones; queries and keys are normed together and weighted afterwards. */
  readonly ones: Tensor1D;
}

export interface DecoderLayer {
  readonly groups: Readonly<Record<LinearGroupName, LinearGroup>>;
  /** (C) */
  readonly inputNorm: Tensor1D;
  /** (C) */
  readonly postAttentionNorm: Tensor1D;
  /** Norm of each query and key head; null where the model has none. */
  readonly headNorm: HeadNorm | null;
}

/** What a layer wants to know of the model. */
export type DecoderLayerConfig = Pick<ModelConfig, 'attentionHeads' | 'keyValueHeads' | 'headDim' | 'rmsNormEpsilon'>;

/** A layer's LoRA weights by group; a group without any is null. */
export type LayerLora = Readonly<Record<LinearGroupName, PackedLora | null>>;
export type LayerLoraGradients = Readonly<Record<LinearGroupName, PackedLoraGradients | null>>;

/** What a key/value cache does between the projections and the attention: k, v (G, T, D) → (G, S, D). */
export type ExtendKeyValues = (
  k: Tensor3D,
  v: Tensor3D,
) => { readonly k: Tensor3D; readonly v: Tensor3D; readonly offset: number };

export interface DecoderLayerForward {
  /** (T, C) */
  readonly y: Tensor2D;
  /** For the backward pass. */
  readonly saved: SavedActivations;
}

interface SavedActivations {
  readonly norm1: RmsNormForward;
  readonly qkv: LinearForward;
  readonly heads: RotatedHeads;
  readonly attended: AttentionForward;
  readonly merged: Tensor2D;
  readonly o: LinearForward;
  readonly h: Tensor2D;
  readonly norm2: RmsNormForward;
  readonly gateUp: LinearForward;
  readonly gate: Tensor2D;
  readonly up: Tensor2D;
  readonly activated: Tensor2D;
  readonly down: LinearForward;
}

/** y = h + mlp(norm(h)), h = x + attention(norm(x)) — x (T, C). Call it under `tidy` and keep what is wanted. */
export function decoderLayerForward(
  backend: TensorBackend,
  x: Tensor2D,
  layer: DecoderLayer,
  lora: LayerLora | null,
  config: DecoderLayerConfig,
  rotary: RotarySlice,
  extend: ExtendKeyValues | null,
): DecoderLayerForward {
  const norm1 = backend.rmsNorm(x, layer.inputNorm, config.rmsNormEpsilon);
  const qkv = linearForward(backend, norm1.y, layer.groups.qkv, lora?.qkv ?? null);
  const heads = rotatedHeadsForward(backend, qkv.y, layer.headNorm, config, rotary);
  const seen = extend?.(heads.k, heads.v) ?? { k: heads.k, v: heads.v, offset: 0 };
  const attended = backend.attention(heads.q, seen.k, seen.v, seen.offset);
  const merged = mergeHeads(attended.output);
  const o = linearForward(backend, merged, layer.groups.o, lora?.o ?? null);
  const h: Tensor2D = add(x, o.y);

  const norm2 = backend.rmsNorm(h, layer.postAttentionNorm, config.rmsNormEpsilon);
  const gateUp = linearForward(backend, norm2.y, layer.groups.gateUp, lora?.gateUp ?? null);
  const [T, width] = gateUp.y.shape;
  const gate = slice(gateUp.y, [0, 0], [T, width / 2]);
  const up = slice(gateUp.y, [0, width / 2], [T, width / 2]);
  const activated = backend.swiglu(gate, up);
  const down = linearForward(backend, activated, layer.groups.down, lora?.down ?? null);
  const y: Tensor2D = add(h, down.y);
  return { y, saved: { norm1, qkv, heads, attended, merged, o, h, norm2, gateUp, gate, up, activated, down } };
}

/** Gradients of `decoderLayerForward` without a cache — dy, x (T, C). Call it under `tidy` and keep what is wanted. */
export function decoderLayerBackward(
  backend: TensorBackend,
  dy: Tensor2D,
  x: Tensor2D,
  saved: SavedActivations,
  layer: DecoderLayer,
  lora: LayerLora | null,
  config: DecoderLayerConfig,
  rotary: RotarySlice,
): { readonly dx: Tensor2D; readonly lora: LayerLoraGradients } {
  const { norm1, qkv, heads, attended, merged, o, h, norm2, gateUp, gate, up, activated, down } = saved;
  const { groups } = layer;

  // y = h + down(activated)
  const dDown = linearBackward(backend, dy, activated, down, groups.down, lora?.down ?? null);
  // activated = swiglu(gate, up); gate and up are the halves of gateUp
  const { dGate, dUp } = backend.swigluBackward(dDown.dx, gate, up);
  const dGateUp = linearBackward(
    backend,
    concat([dGate, dUp], 1),
    norm2.y,
    gateUp,
    groups.gateUp,
    lora?.gateUp ?? null,
  );
  // norm2 = rmsNorm(h)
  const dNorm2 = backend.rmsNormBackward(dGateUp.dx, h, layer.postAttentionNorm, norm2.inverseRms);
  const dh: Tensor2D = add(dy, dNorm2);

  // h = x + o(merged)
  const dO = linearBackward(backend, dh, merged, o, groups.o, lora?.o ?? null);
  // merged = mergeHeads(attention(q, k, v))
  const dAttended = splitHeads(dO.dx, config.headDim);
  const dHeads = backend.attentionBackward(dAttended, heads.q, heads.k, heads.v, attended.saved);
  // q, k, v = rotatedHeads(qkv)
  const dQkvRows = rotatedHeadsBackward(backend, dHeads, heads, layer.headNorm, rotary);
  const dQkv = linearBackward(backend, dQkvRows, norm1.y, qkv, groups.qkv, lora?.qkv ?? null);
  // norm1 = rmsNorm(x)
  const dNorm1 = backend.rmsNormBackward(dQkv.dx, x, layer.inputNorm, norm1.inverseRms);
  const dx: Tensor2D = add(dh, dNorm1);
  return { dx, lora: { qkv: dQkv.lora, o: dO.lora, gateUp: dGateUp.lora, down: dDown.lora } };
}

interface RotatedHeads {
  /** (H, T, D) */
  readonly q: Tensor3D;
  /** (G, T, D) */
  readonly k: Tensor3D;
  readonly v: Tensor3D;
  /** Queries and keys before their norm, ((H + G)·T, D), and 1/rms of each; null without head norm. */
  readonly normed: { readonly rows: Tensor2D; readonly inverseRms: Tensor2D } | null;
}

/** Cuts the rows of queries, keys and values into heads, norms (where the model does) and rotates queries and keys — qkv (T, (H + 2G)·D) */
function rotatedHeadsForward(
  backend: TensorBackend,
  qkv: Tensor2D,
  headNorm: HeadNorm | null,
  config: DecoderLayerConfig,
  rotary: RotarySlice,
): RotatedHeads {
  const { attentionHeads: H, keyValueHeads: G, headDim: D } = config;
  const T = qkv.shape[0];
  const heads = splitHeads(qkv, D);
  const queriesAndKeys = slice(heads, [0, 0, 0], [H + G, T, D]);
  const v = slice(heads, [H + G, 0, 0], [G, T, D]);
  const rows: Tensor2D = reshape(queriesAndKeys, [(H + G) * T, D]);
  const norm = headNorm && backend.rmsNorm(rows, headNorm.ones, config.rmsNormEpsilon);
  const scaled: Tensor3D = norm ? mul(reshape(norm.y, [H + G, T, D]), headNorm.weight) : queriesAndKeys;
  const rotated = backend.rotate(scaled, rotary.cos, rotary.sin);
  const q = slice(rotated, [0, 0, 0], [H, T, D]);
  const k = slice(rotated, [H, 0, 0], [G, T, D]);
  return { q, k, v, normed: norm && { rows, inverseRms: norm.inverseRms } };
}

/** dqkv of `rotatedHeadsForward`, (T, (H + 2G)·D) */
function rotatedHeadsBackward(
  backend: TensorBackend,
  gradients: { readonly dq: Tensor3D; readonly dk: Tensor3D; readonly dv: Tensor3D },
  forward: RotatedHeads,
  headNorm: HeadNorm | null,
  rotary: RotarySlice,
): Tensor2D {
  // q, k = halves of rotate(scaled)
  const dRotated: Tensor3D = concat([gradients.dq, gradients.dk], 0);
  const dScaled = backend.rotateBackward(dRotated, rotary.cos, rotary.sin);
  const dQueriesAndKeys =
    headNorm && forward.normed ? headNormBackward(backend, dScaled, forward.normed, headNorm) : dScaled;
  // heads = queries and keys, then v
  return mergeHeads(concat([dQueriesAndKeys, gradients.dv], 0));
}

function headNormBackward(
  backend: TensorBackend,
  dScaled: Tensor3D,
  normed: NonNullable<RotatedHeads['normed']>,
  headNorm: HeadNorm,
): Tensor3D {
  // scaled = rmsNorm(rows) · weight
  const dNorm: Tensor2D = reshape(mul(dScaled, headNorm.weight), normed.rows.shape);
  return reshape(backend.rmsNormBackward(dNorm, normed.rows, headNorm.ones, normed.inverseRms), dScaled.shape);
}

/** (T, N·D) → (N, T, D) */
function splitHeads(rows: Tensor2D, D: number): Tensor3D {
  const [T, width] = rows.shape;
  const N = width / D;
  return T === 1 ? reshape(rows, [N, 1, D]) : transpose(reshape(rows, [T, N, D]), [1, 0, 2]);
}

/** (N, T, D) → (T, N·D) */
function mergeHeads(heads: Tensor3D): Tensor2D {
  const [N, T, D] = heads.shape;
  return reshape(T === 1 ? heads : transpose(heads, [1, 0, 2]), [T, N * D]);
}
