import { reshape, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Sum of each row — (R, V) → (R, 1).
 * The wasm backend adds one number after the other in float32, whose rounding grows with V; summing blocks of about √V first keeps it small.
 */
export function rowSum(x: Tensor2D): Tensor2D {
  const [R, V] = x.shape;
  const block = largestDivisorUpTo(Math.sqrt(V), V);
  return tidy(() => reshape(sum(sum(reshape(x, [R, V / block, block]), 2), 1), [R, 1]));
}

function largestDivisorUpTo(limit: number, n: number): number {
  for (let divisor = Math.floor(limit); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}
