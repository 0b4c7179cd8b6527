import { add, mean, mul, rsqrt, square, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { RmsNormForward } from '../tensor-backend.js';

/** y = x · inverseRms · weight with inverseRms = 1 / √(mean(x²) + ε) — x (N, C), weight (C), null for ones */
export function rmsNorm(x: Tensor2D, weight: Tensor1D | null, epsilon: number): RmsNormForward {
  return tidy(() => {
    const inverseRms = rsqrt<Tensor2D>(add(mean(square(x), 1, true), epsilon));
    const y: Tensor2D = mul(x, inverseRms);
    return { y: weight === null ? y : mul<Tensor2D>(y, weight), inverseRms };
  });
}

/** With g = dy · weight and r = inverseRms: dx = r · (g − x · r² · mean(g · x)) — (N, C) */
export function rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D | null, inverseRms: Tensor2D): Tensor2D {
  const C = x.shape[1];
  return tidy(() => {
    const g: Tensor2D = weight === null ? dy : mul(dy, weight);
    const along = mul(mul(sum(mul(g, x), 1, true), square(inverseRms)), 1 / C);
    return mul<Tensor2D>(sub(g, mul(x, along)), inverseRms);
  });
}
