import { add, pad, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { AttentionForward, RmsNormForward } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { linearBackward, linearForward } from './linear-group.js';
import type { Reduced } from './linear-group.js';
import { mergeHeads, rotatedHeadsBackward, rotatedHeadsForward, splitHeads } from './rotated-heads.js';
import type { RotatedHeads } from './rotated-heads.js';

/** For the backward pass. N = T − from. */
export interface AttentionActivations {
  readonly norm: RmsNormForward;
  readonly qkvReduced: Reduced;
  readonly heads: RotatedHeads;
  /** What the backend's attention wants back. */
  readonly attended: AttentionForward['saved'];
  /** (N, H·D) */
  readonly merged: Tensor2D;
  readonly oReduced: Reduced;
  /** (N, C) */
  readonly h: Tensor2D;
}

/** h = x + attention(norm(x)) — x (T, C) → h (T − from, C) */
export function attentionBlockForward(x: Tensor2D, pass: LayerPass): AttentionActivations {
  const { backend, config, layer, lora, from, extend } = pass;
  const norm = backend.rmsNorm(x, layer.inputNorm, config.rmsNormEpsilon);
  const qkv = linearForward(backend, norm.y, layer.groups.qkv, lora?.qkv ?? null);
  const heads = rotatedHeadsForward(qkv.y, pass);
  const seen = extend?.(heads.k, heads.v) ?? { k: heads.k, v: heads.v, offset: 0 };
  const attended = backend.attention(heads.q, seen.k, seen.v, seen.offset + from);
  const merged = mergeHeads(attended.output);
  const o = linearForward(backend, merged, layer.groups.o, lora?.o ?? null);
  const h: Tensor2D = add(rowsFrom(x, from), o.y);
  return { norm, qkvReduced: qkv.reduced, heads, attended: attended.saved, merged, oReduced: o.reduced, h };
}

/** Gradients of `attentionBlockForward` without a cache — dh (T − from, C) → dx (T, C) */
export function attentionBlockBackward(
  dh: Tensor2D,
  x: Tensor2D,
  { norm, qkvReduced, heads, attended, merged, oReduced }: AttentionActivations,
  pass: LayerPass,
): { readonly dx: Tensor2D; readonly lora: Pick<LayerLoraGradients, 'qkv' | 'o'> } {
  const { backend, config, layer, lora, from } = pass;
  // h = rowsFrom(x) + o(merged)
  const dO = linearBackward(backend, dh, merged, oReduced, layer.groups.o, lora?.o ?? null);
  // merged = mergeHeads(attention(q, k, v))
  const dAttended = splitHeads(dO.dx, config.headDim);
  const dHeads = backend.attentionBackward(dAttended, heads.q, heads.k, heads.v, attended);
  // q, k, v = rotatedHeads(qkv)
  const dqkv = rotatedHeadsBackward(dHeads, heads, pass);
  const dQkv = linearBackward(backend, dqkv, norm.y, qkvReduced, layer.groups.qkv, lora?.qkv ?? null);
  // norm = rmsNorm(x)
  const dNorm = backend.rmsNormBackward(dQkv.dx, x, layer.inputNorm, norm.inverseRms);
  return { dx: add(padRows(dh, from), dNorm), lora: { qkv: dQkv.lora, o: dO.lora } };
}

/** (T, C) → (T − from, C) */
function rowsFrom(x: Tensor2D, from: number): Tensor2D {
  return from === 0 ? x : slice(x, [from, 0], [x.shape[0] - from, x.shape[1]]);
}

/** Zeros for the rows before `from` — (T − from, C) → (T, C) */
function padRows(x: Tensor2D, from: number): Tensor2D {
  return from === 0
    ? x
    : pad(x, [
        [from, 0],
        [0, 0],
      ]);
}
