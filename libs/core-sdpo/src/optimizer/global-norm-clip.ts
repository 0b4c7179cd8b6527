import { mul, square, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Keeps the coefficient finite for gradients that are all zero; the value is torch's. */
const EPSILON = 1e-6;

/** √Σ g² over all entries of all tensors */
function globalNorm(gradients: readonly Tensor[]): number {
  return Math.sqrt(gradients.reduce((sum, gradient) => sum + squaredNorm(gradient), 0));
}

/** Σ x²: squares of a row are summed in float32, rows in float64. */
export function squaredNorm(x: Tensor): number {
  const rows = tidy(() => sum(square(x), -1));
  let total = 0;
  for (const value of rows.dataSync<'float32'>()) total += value;
  rows.dispose();
  return total;
}

/** min(1, maxNorm / (norm + 1e-6)): what to multiply every gradient with. */
export function clipCoefficient(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + EPSILON));
}

export interface ClippedGradients<T extends Tensor = Tensor> {
  /** The caller's to dispose. */
  readonly gradients: readonly T[];
  /** Before clipping; NaN or infinite when a gradient is, and then the step must be refused. */
  readonly norm: number;
  readonly coefficient: number;
}

/** Scales all gradients together so that their global norm is at most `maxNorm`. */
export function globalNormClip<T extends Tensor>(gradients: readonly T[], maxNorm: number): ClippedGradients<T> {
  const norm = globalNorm(gradients);
  const coefficient = clipCoefficient(norm, maxNorm);
  return { gradients: gradients.map((gradient) => mul<T>(gradient, coefficient)), norm, coefficient };
}
