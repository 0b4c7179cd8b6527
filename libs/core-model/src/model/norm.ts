import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix } from '@claas/tensor-backend';
import type { LayerPass } from './layer-pass.js';

export interface NormForward {
  /** (N, C) */
  readonly y: CompressedMatrix;
  /** (N, 1) */
  readonly inverseRms: Tensor2D;
}

/** RMS norm whose result is for products only — x (N, C), weight (C) */
export function normForward(x: Tensor2D, weight: Tensor1D, { backend, config }: LayerPass): NormForward {
  const { y, inverseRms } = backend.rmsNorm(x, weight, config.rmsNormEpsilon);
  return { y: backend.compress(y), inverseRms };
}
