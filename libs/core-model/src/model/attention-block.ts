import { add, pad, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { AttentionForward, CompressedMatrix, Matrix } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { linearBackward, linearForward, linearLoraBackward } from './linear-group.js';
import type { Reduced } from './linear-group.js';
import { normForward } from './norm.js';
import type { NormForward } from './norm.js';
import { mergeHeads, rotatedHeadsBackward, rotatedHeadsForward, splitHeads } from './rotated-heads.js';
import type { RotatedHeads } from './rotated-heads.js';

/** What the backward pass needs and only large products could give again. N = T − from. */
export interface AttentionKept {
  /** (T, (H + 2G)·D) */
  readonly qkv: CompressedMatrix;
  readonly qkvReduced: Reduced;
  /** (N, H·D) */
  readonly merged: CompressedMatrix;
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
}

export interface AttentionActivations {
  readonly kept: AttentionKept;
  readonly derived: AttentionDerived;
}

/** h = x + attention(norm(x)) — x (T, C) → h (T − from, C) */
export function attentionBlockForward(x: Tensor2D, pass: LayerPass): AttentionActivations {
  const { backend, layer, lora, from } = pass;
  const norm = normForward(x, layer.inputNorm, pass);
  const qkv = linearForward(backend, norm.y, layer.groups.qkv, lora?.qkv ?? null);
  const heads = rotatedHeadsForward(qkv.y, pass);
  const attended = attend(heads, pass);
  const merged = backend.compress(mergeHeads(attended.output));
  const o = linearForward(backend, merged, layer.groups.o, lora?.o ?? null);
  const h: Tensor2D = add(rowsFrom(x, from), o.y);
  const saved = size(attended.saved) <= 2 * size([qkv.y]) ? attended.saved : null;
  return {
    kept: { qkv: backend.compress(qkv.y), qkvReduced: qkv.reduced, merged, oReduced: o.reduced, h, saved },
    derived: { norm, heads, saved: attended.saved },
  };
}

/** The same numbers as in the forward pass, bit for bit. */
export function attentionBlockDerived(x: Tensor2D, { qkv, saved }: AttentionKept, pass: LayerPass): AttentionDerived {
  const heads = rotatedHeadsForward(pass.backend.restore(qkv), pass);
  const norm = normForward(x, pass.layer.inputNorm, pass);
  return { norm, heads, saved: saved ?? attend(heads, pass).saved };
}

/** Gradients of `attentionBlockForward` without a cache — dh (T − from, C) → dx (T, C), null in the lowest layer */
export function attentionBlockBackward(
  dh: Tensor2D,
  x: Tensor2D,
  { kept, derived: { norm, heads, saved } }: AttentionActivations,
  pass: LayerPass,
): { readonly dx: Tensor2D | null; readonly lora: Pick<LayerLoraGradients, 'qkv' | 'o'> } {
  const { backend, config, layer, lora, from } = pass;
  // h = rowsFrom(x) + o(merged)
  const dO = linearBackward(backend, backend.compress(dh), kept.merged, kept.oReduced, layer.groups.o, lora?.o ?? null);
  // merged = mergeHeads(attention(q, k, v))
  const dAttended = splitHeads(backend.restore(dO.dx), config.headDim);
  const dHeads = backend.attentionBackward(dAttended, heads.q, heads.k, heads.v, saved);
  // q, k, v = rotatedHeads(qkv)
  const dqkv = backend.compress(rotatedHeadsBackward(dHeads, heads, pass));
  if (pass.isLowest) {
    const qkvLora = linearLoraBackward(backend, dqkv, norm.y, kept.qkvReduced, lora?.qkv ?? null);
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
