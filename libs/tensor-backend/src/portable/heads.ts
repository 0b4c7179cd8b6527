import { concat, reshape, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** (T, N·D) → (N, T, D) */
export function splitHeads(rows: Tensor2D, D: number): Tensor3D {
  const [T, width] = rows.shape;
  const N = width / D;
  if (T === 1) return reshape<Rank.R3>(rows, [N, 1, D]);
  return tidy(() => transpose(reshape<Rank.R3>(rows, [T, N, D]), [1, 0, 2]));
}

/** (N, T, D) each → (T, ΣN·D) */
export function mergeHeads(parts: readonly Tensor3D[]): Tensor2D {
  return tidy(() => {
    const heads = parts.length === 1 ? parts[0]! : concat([...parts], 0);
    const [N, T, D] = heads.shape;
    return reshape<Rank.R2>(T === 1 ? heads : transpose(heads, [1, 0, 2]), [T, N * D]);
  });
}
