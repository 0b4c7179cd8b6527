import { add, pad, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { AttentionForward, CompressedMatrix, Matrix } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { linearBackward, linearForward, linearLoraBackward, linearReducedBackward } from './linear-group.js';
import type { LinearForward, Reduced } from './linear-group.js';
import { normForward } from './norm.js';
import type { NormForward } from './norm.js';
import { rotatedHeadsBackward, rotatedHeadsForward } from './rotated-heads.js';
import type { RotatedHeads } from './rotated-heads.js';

/** What the backward pass needs and only large products could give again. N = T − from. */
export interface AttentionKept {
  /** (T, (H + 2G)·D) */
  readonly qkv: CompressedMatrix;
  readonly qkvReduced: Reduced;
  readonly oReduced: Reduced;
  /** (N, C) */
  readonly h: Tensor2D;
  /** What `attentionBackward` wants of the forward pass; null where the sequence is so long that it outweighs the projections. */
  readonly saved: readonly Matrix[] | null;
}

/** What else it needs, which follows from the layer's input and what is kept. */
export interface AttentionDerived {
  readonly norm: NormForward;
  readonly heads: RotatedHeads;
  readonly saved: readonly Matrix[];
  /** (N, H·D): what attention gave. */
  readonly merged: CompressedMatrix;
}

export interface AttentionActivations extends AttentionDerived {
  readonly qkv: LinearForward;
  readonly oReduced: Reduced;
  readonly h: Tensor2D;
}

/** h = x + attention(norm(x)) — x (T, C) → h (T − from, C) */
export function attentionBlockForward(x: Tensor2D, pass: LayerPass): AttentionActivations {
  const { backend, layer, lora, from } = pass;
  const norm = normForward(x, layer.inputNorm, pass);
  const qkv = linearForward(backend, norm.y, layer.groups.qkv, lora?.qkv ?? null);
  const heads = rotatedHeadsForward(qkv.y, pass);
  const { output: merged, saved } = attend(heads, pass);
  const o = linearForward(backend, merged, layer.groups.o, lora?.o ?? null);
  return { norm, heads, saved, qkv, merged, oReduced: o.reduced, h: add(rowsFrom(x, from), o.y) };
}

export function attentionBlockKept(
  { qkv, oReduced, h, saved }: AttentionActivations,
  { backend }: LayerPass,
): AttentionKept {
  return {
    qkv: backend.compress(qkv.y),
    qkvReduced: qkv.reduced,
    oReduced,
    h,
    saved: size(saved) <= 2 * size([qkv.y]) ? saved : null,
  };
}

/** The same numbers as in the forward pass, bit for bit. */
export function attentionBlockDerived(x: Tensor2D, { qkv, saved }: AttentionKept, pass: LayerPass): AttentionDerived {
  const { backend, config, layer } = pass;
  const heads = rotatedHeadsForward(qkv, pass);
  const norm = normForward(x, layer.inputNorm, pass);
  if (saved !== null) {
    return { norm, heads, saved, merged: backend.attentionOutput(config.attentionHeads, heads.v, saved) };
  }
  const { output: merged, saved: again } = attend(heads, pass);
  return { norm, heads, saved: again, merged };
}

/** Gradients of `attentionBlockForward` without a cache — dh (T − from, C) → dx (T, C), null where it isn't wanted */
export function attentionBlockBackward(
  dh: Tensor2D,
  x: Tensor2D,
  kept: AttentionKept,
  { norm, heads, saved, merged }: AttentionDerived,
  pass: LayerPass,
  isDxWanted: boolean,
): { readonly dx: Tensor2D | null; readonly lora: Pick<LayerLoraGradients, 'qkv' | 'o'> } {
  const { backend, layer, lora, from } = pass;
  // h = rowsFrom(x) + o(merged)
  const dO = linearBackward(backend, backend.compress(dh), merged, kept.oReduced, layer.groups.o, lora?.o ?? null);
  // merged = attention(q, k, v)
  const dHeads = backend.attentionBackward(dO.dx, heads.q, heads.k, heads.v, saved);
  // q, k, v = rotatedHeads(qkv)
  const dqkv = rotatedHeadsBackward(dHeads, heads, pass);
  if (!isDxWanted) {
    const dReduced = linearReducedBackward(backend, dqkv, lora?.qkv ?? null);
    const qkvLora = linearLoraBackward(backend, dqkv, dReduced, norm.y, kept.qkvReduced);
    return { dx: null, lora: { qkv: qkvLora, o: dO.lora } };
  }
  const dQkv = linearBackward(backend, dqkv, norm.y, kept.qkvReduced, layer.groups.qkv, lora?.qkv ?? null);
  // norm = rmsNorm(x)
  const dNorm = backend.rmsNormBackward(backend.restore(dQkv.dx), x, layer.inputNorm, norm.inverseRms);
  return { dx: add(padRows(dh, from), dNorm), lora: { qkv: dQkv.lora, o: dO.lora } };
}

function attend({ q, k, v }: RotatedHeads, { backend, extend, from }: LayerPass): AttentionForward {
  const seen = extend?.(k, v) ?? { k, v, offset: 0 };
  return backend.attention(q, seen.k, seen.v, seen.offset + from);
}

/** Numbers in all of them. */
function size(matrices: readonly Matrix[]): number {
  return matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
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
