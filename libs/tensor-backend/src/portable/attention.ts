import { add, concat, mul, pad, reshape, slice, softmax, stack, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { AttentionGradients } from '../tensor-backend.js';
import { mergeHeads, splitHeads } from './heads.js';
import { product, productTransposedLeft, productTransposedRight } from './products.js';

/*
 * Query heads that read the same key/value head lie next to each other, so those of group g stack as rows:
 * (H, T, D) → per group (M, D) with M = H/G · T, and each group needs plain two-dimensional products only.
 * Keys after the last query's position are cut off before anything is computed; L = offset + T keys remain.
 */

export interface PortableAttention {
  /** (T, H·D) */
  readonly output: Tensor2D;
  /** The probabilities (M, L) of each group. */
  readonly saved: Tensor2D[];
}

/** q (H, T, D), k and v (G, S, D) */
export function attention(
  q: Tensor3D,
  k: Tensor3D,
  v: Tensor3D,
  offset: number,
  mask: Tensor2D | null,
): PortableAttention {
  const [H, , D] = q.shape;
  const G = k.shape[0];
  const L = visibleKeys(q, k, offset);
  return tidy(() => {
    const scaled: Tensor3D = mul(q, 1 / Math.sqrt(D));
    const saved: Tensor2D[] = [];
    for (let g = 0; g < G; g++) {
      const scores = productTransposedRight(groupRows(scaled, g, G), head(k, g, L));
      const probabilities = softmax(mask === null ? scores : addMask(scores, mask));
      saved.push(probabilities);
    }
    return { output: attentionOutput(H, v, saved), saved };
  });
}

/** The output of `attention` from the probabilities of each group — v (G, S, D) → (T, H·D) */
export function attentionOutput(H: number, v: Tensor3D, saved: readonly Tensor2D[]): Tensor2D {
  const [M, L] = saved[0]!.shape;
  const D = v.shape[2];
  const T = (M * saved.length) / H;
  return tidy(() => {
    const outputs = saved.map((probabilities, g) => product(probabilities, head(v, g, L)));
    return mergeHeads([reshape<Rank.R3>(joinRows(outputs), [H, T, D])]);
  });
}

/**
 * With P the probabilities and dP = dO·Vᵀ: dV = Pᵀ·dO, dScores = P ⊙ (dP − rowsum(dP ⊙ P)),
 * dQ = dScores·K/√D, dK = dScoresᵀ·Q/√D. Keys that were cut off get zero gradients.
 */
export function attentionBackward(
  dOutput: Tensor2D,
  q: Tensor3D,
  k: Tensor3D,
  v: Tensor3D,
  saved: readonly Tensor2D[],
): AttentionGradients {
  const [H, T, D] = q.shape;
  const [G, S] = k.shape;
  return tidy(() => {
    const scaled: Tensor3D = mul(q, 1 / Math.sqrt(D));
    const dOHeads = splitHeads(dOutput, D);
    const dqs: Tensor2D[] = [];
    const dks: Tensor2D[] = [];
    const dvs: Tensor2D[] = [];
    saved.forEach((probabilities, g) => {
      const L = probabilities.shape[1];
      const dO = groupRows(dOHeads, g, G);
      const dP: Tensor2D = productTransposedRight(dO, head(v, g, L));
      const dScores: Tensor2D = mul(probabilities, sub(dP, sum(mul(dP, probabilities), 1, true)));
      dqs.push(product(dScores, head(k, g, L)));
      dks.push(padRows(productTransposedLeft(dScores, groupRows(scaled, g, G)), S));
      dvs.push(padRows(productTransposedLeft(probabilities, dO), S));
    });
    return {
      dq: mul<Tensor3D>(reshape(joinRows(dqs), [H, T, D]), 1 / Math.sqrt(D)),
      dk: stack(dks) as Tensor3D,
      dv: stack(dvs) as Tensor3D,
    };
  });
}

function visibleKeys(q: Tensor3D, k: Tensor3D, offset: number): number {
  const L = offset + q.shape[1];
  if (L > k.shape[1]) throw new RangeError(`Attention over ${L} positions with only ${k.shape[1]} keys.`);
  if (q.shape[0] % k.shape[0] !== 0) {
    throw new RangeError(`${q.shape[0]} query heads can't share ${k.shape[0]} key/value heads evenly.`);
  }
  return L;
}

/** Heads of group g as rows: (H, T, D) → (M, D) */
function groupRows(x: Tensor3D, g: number, G: number): Tensor2D {
  const [H, T, D] = x.shape;
  const M = (H / G) * T;
  const rows: Tensor2D = reshape(x, [H * T, D]);
  return G === 1 ? rows : slice(rows, [g * M, 0], [M, D]);
}

/** The first L positions of key/value head g: (G, S, D) → (L, D) */
function head(x: Tensor3D, g: number, L: number): Tensor2D {
  const [G, S, D] = x.shape;
  const rows: Tensor2D = reshape(x, [G * S, D]);
  return G === 1 && L === S ? rows : slice(rows, [g * S, 0], [L, D]);
}

/** scores (M, L) + mask (T, L), the same for every head of the group */
function addMask(scores: Tensor2D, mask: Tensor2D): Tensor2D {
  const [M, L] = scores.shape;
  const T = mask.shape[0];
  if (M === T) return add(scores, mask);
  return reshape(add(reshape(scores, [M / T, T, L]), mask), [M, L]);
}

function joinRows(parts: Tensor2D[]): Tensor2D {
  return parts.length === 1 ? parts[0]! : concat(parts, 0);
}

/** (L, D) → (S, D) */
function padRows(x: Tensor2D, S: number): Tensor2D {
  const L = x.shape[0];
  return L === S
    ? x
    : pad(x, [
        [0, S - L],
        [0, 0],
      ]);
}
