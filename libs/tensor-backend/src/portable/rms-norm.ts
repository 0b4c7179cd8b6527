import { add, mean, mul, rsqrt, square, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { RmsNormForward } from '../tensor-backend.js';

/** y = x · inverseRms · weight with inverseRms = 1 / √(mean(x²) + ε) — x (N, C), weight (C) */
export function rmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): RmsNormForward {
  return tidy(() => {
    const inverseRms = rsqrt<Tensor2D>(add(mean(square(x), 1, true), epsilon));
    return { y: mul<Tensor2D>(mul(x, inverseRms), weight), inverseRms };
  });
}

/** With g = dy · weight and r = inverseRms: dx = r · (g − x · r² · mean(g · x)) — (N, C) */
export function rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D, inverseRms: Tensor2D): Tensor2D {
  const C = x.shape[1];
  return tidy(() => {
    const g: Tensor2D = mul(dy, weight);
    const along = mul(mul(sum(mul(g, x), 1, true), square(inverseRms)), 1 / C);
    return mul<Tensor2D>(sub(g, mul(x, along)), inverseRms);
  });
}
