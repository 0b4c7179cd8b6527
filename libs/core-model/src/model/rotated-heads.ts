import { concat, mul, pad, reshape, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { AttentionGradients, CompressedMatrix, Matrix, TensorBackend } from '@claas/tensor-backend';
import type { HeadNorm, LayerPass } from './layer-pass.js';

export interface RotatedHeads {
  /** (H, T − from, D) */
  readonly q: Tensor3D;
  /** (G, T, D) */
  readonly k: Tensor3D;
  readonly v: Tensor3D;
  /** Queries and keys before their norm, ((H + G)·T, D), and 1/rms of each; null without head norm. */
  readonly normed: { readonly rows: Tensor2D; readonly inverseRms: Tensor2D } | null;
}

/** Cuts the rows of queries, keys and values into heads, norms (where the model does) and rotates queries and keys — qkv (T, (H + 2G)·D) */
export function rotatedHeadsForward(qkv: Matrix, { backend, config, layer, rotary, from }: LayerPass): RotatedHeads {
  const { attentionHeads: H, keyValueHeads: G, headDim: D } = config;
  const T = qkv.shape[0];
  const heads = backend.splitHeads(qkv, D);
  const queriesAndKeys = slice(heads, [0, 0, 0], [H + G, T, D]);
  const v = slice(heads, [H + G, 0, 0], [G, T, D]);
  const rows: Tensor2D = reshape(queriesAndKeys, [(H + G) * T, D]);
  const norm = layer.headNorm && backend.rmsNorm(rows, null, config.rmsNormEpsilon);
  const scaled: Tensor3D = norm ? mul(reshape(norm.y, [H + G, T, D]), layer.headNorm.weight) : queriesAndKeys;
  const rotated = backend.rotate(scaled, rotary.cos, rotary.sin);
  const q = slice(rotated, [0, from, 0], [H, T - from, D]);
  const k = slice(rotated, [H, 0, 0], [G, T, D]);
  return { q, k, v, normed: norm && { rows, inverseRms: norm.inverseRms } };
}

/** dqkv of `rotatedHeadsForward` — (T, (H + 2G)·D) */
export function rotatedHeadsBackward(
  { dq, dk, dv }: AttentionGradients,
  { normed }: RotatedHeads,
  { backend, layer, rotary, from }: LayerPass,
): CompressedMatrix {
  // q, k = parts of rotate(scaled)
  const dRotated: Tensor3D = concat([padPositions(dq, from), dk], 0);
  const dScaled = backend.rotateBackward(dRotated, rotary.cos, rotary.sin);
  const dQueriesAndKeys =
    layer.headNorm && normed ? headNormBackward(backend, dScaled, normed, layer.headNorm) : dScaled;
  // heads = queries and keys, then v
  return backend.mergeHeads([dQueriesAndKeys, dv]);
}

function headNormBackward(
  backend: TensorBackend,
  dScaled: Tensor3D,
  normed: NonNullable<RotatedHeads['normed']>,
  headNorm: HeadNorm,
): Tensor3D {
  // scaled = rmsNorm(rows) · weight
  const dNorm: Tensor2D = reshape(mul(dScaled, headNorm.weight), normed.rows.shape);
  return reshape(backend.rmsNormBackward(dNorm, normed.rows, null, normed.inverseRms), dScaled.shape);
}

/** Zeros for the positions before `from` — (N, T − from, D) → (N, T, D) */
function padPositions(x: Tensor3D, from: number): Tensor3D {
  return from === 0
    ? x
    : pad(x, [
        [0, 0],
        [from, 0],
        [0, 0],
      ]);
}
