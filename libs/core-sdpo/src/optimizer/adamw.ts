import { add, dispose, div, mul, sqrt, square, sub, tidy, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AdamWCoefficients, AdamWKernel, AdamWTensors } from '@claas/tensor-backend';
import { clipCoefficient, squaredNorm } from './global-norm-clip.js';

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: parameters shrink by learningRate · weightDecay, whatever the gradient is. */
  readonly weightDecay: number;
  /** Bound of the gradients' global norm. */
  readonly maxGradNorm: number;
}

/** All but the learning rate and the norm's bound, which every request brings. */
export const ADAMW_DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/** Moments in the order of the parameters; float32. */
export interface AdamWState<T extends Tensor = Tensor> {
  /** Updates taken so far, skipped ones not counted. */
  readonly step: number;
  readonly expAvg: readonly T[];
  readonly expAvgSq: readonly T[];
}

export interface AdamWUpdate<T extends Tensor = Tensor> {
  /** New tensors, or, where the step was skipped, the old values under new handles: always the caller's to dispose. */
  readonly parameters: readonly T[];
  readonly state: AdamWState<T>;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly clipCoefficient: number;
  /** The gradients' norm was not finite, so nothing changed. */
  readonly isSkipped: boolean;
}

/** Zero moments for parameters that have never been updated. */
export function adamWInit<T extends Tensor>(parameters: readonly T[]): AdamWState<T> {
  return { step: 0, expAvg: parameters.map((p) => zerosLike<T>(p)), expAvgSq: parameters.map((p) => zerosLike<T>(p)) };
}

export interface AdamWOptions {
  /** How one tensor is computed; plain tfjs operations when absent or null. */
  readonly kernel?: AdamWKernel | null;
  /** Gradients and moments are disposed of as soon as they were used: no more than one tensor is there twice. Not where the step is skipped. */
  readonly takesArguments?: boolean;
}

/**
 * Clips the gradients to `maxGradNorm` and takes one AdamW step (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101) as torch does it:
 * p ← p·(1 − lr·wd) − lr·(m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε). Changes none of its arguments unless told to take them.
 */
export function adamWUpdate<T extends Tensor>(
  parameters: readonly T[],
  gradients: readonly T[],
  state: AdamWState<T>,
  settings: AdamWSettings,
  { kernel, takesArguments = false }: AdamWOptions = {},
): AdamWUpdate<T> {
  const used = kernel ?? PLAIN_KERNEL;
  const gradNorm = Math.sqrt(gradients.reduce((sum, gradient) => sum + used.squaredNorm(gradient), 0));
  const report = { gradNorm, clipCoefficient: clipCoefficient(gradNorm, settings.maxGradNorm) };
  if (!Number.isFinite(gradNorm)) {
    const same = parameters.map((parameter) => parameter.clone());
    return { parameters: same, state: handles(state), ...report, isSkipped: true };
  }
  const step = state.step + 1;
  const coefficients = { ...settings, step, gradientScale: report.clipCoefficient };
  const next = parameters.map((parameter, i) => {
    const [gradient, expAvg, expAvgSq] = [gradients[i]!, state.expAvg[i]!, state.expAvgSq[i]!];
    const updated = used.update({ parameter, expAvg, expAvgSq }, gradient, coefficients, takesArguments);
    if (takesArguments) dispose([gradient, expAvg, expAvgSq]);
    return updated;
  });
  return {
    parameters: next.map((one) => one.parameter),
    state: { step, expAvg: next.map((one) => one.expAvg), expAvgSq: next.map((one) => one.expAvgSq) },
    ...report,
    isSkipped: false,
  };
}

/** On any tfjs backend. */
const PLAIN_KERNEL: AdamWKernel = { squaredNorm, update: updateOne };

function updateOne<T extends Tensor>(
  { parameter, expAvg, expAvgSq }: AdamWTensors<T>,
  gradient: T,
  { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale }: AdamWCoefficients,
): AdamWTensors<T> {
  return tidy(() => {
    const clipped: T = mul(gradient, gradientScale);
    const m = add<T>(mul(expAvg, beta1), mul(clipped, 1 - beta1));
    const v = add<T>(mul(expAvgSq, beta2), mul(square(clipped), 1 - beta2));
    const denominator = add(mul(sqrt(v), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
    const direction = div(mul(m, learningRate / (1 - beta1 ** step)), denominator);
    return { parameter: sub<T>(mul(parameter, 1 - learningRate * weightDecay), direction), expAvg: m, expAvgSq: v };
  });
}

function handles<T extends Tensor>(state: AdamWState<T>): AdamWState<T> {
  const clone = (tensor: T): T => tensor.clone();
  return { step: state.step, expAvg: state.expAvg.map(clone), expAvgSq: state.expAvgSq.map(clone) };
}
