import { matMul, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/*
 * On the wasm backend only a two-dimensional product without transpose flags is fast (SIMD kernels; ten times the speed of all others),
 * so what has to be transposed is transposed by hand: operands or result, whichever moves fewer numbers.
 */

/** a·b — (M, K)·(K, N) → (M, N) */
export function product(a: Tensor2D, b: Tensor2D): Tensor2D {
  return matMul(a, b);
}

/** a·bᵀ = (b·aᵀ)ᵀ — (M, K)·(N, K)ᵀ → (M, N) */
export function productTransposedRight(a: Tensor2D, b: Tensor2D): Tensor2D {
  const [M, K] = a.shape;
  const N = b.shape[0];
  return tidy(() => (N * K <= M * (K + N) ? matMul(a, transpose(b)) : transpose(matMul(b, transpose(a)))));
}

/** aᵀ·b = (bᵀ·a)ᵀ — (K, M)ᵀ·(K, N) → (M, N) */
export function productTransposedLeft(a: Tensor2D, b: Tensor2D): Tensor2D {
  const [K, M] = a.shape;
  const N = b.shape[1];
  return tidy(() => (K * M <= N * (K + M) ? matMul(transpose(a), b) : transpose(matMul(transpose(b), a))));
}
