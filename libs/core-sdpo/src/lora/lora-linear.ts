import { mul, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';

/** The low-rank pair of one linear layer. N rows, R rank, I and O in- and outputs of the layer. */
export interface LoraPair {
  /** (R, I) */
  readonly a: Tensor2D;
  /** (O, R) */
  readonly b: Tensor2D;
}

export interface LoraForward {
  /** (N, O): what the layer's frozen product gets added */
  readonly addend: Tensor2D;
  /** (N, R): x·Aᵀ, for the backward pass */
  readonly projected: Tensor2D;
}

export interface LoraGradients {
  /** (N, I): what the frozen product's gradient gets added */
  readonly dx: Tensor2D;
  /** (R, I) */
  readonly da: Tensor2D;
  /** (O, R) */
  readonly db: Tensor2D;
}

/** scaling · (x·Aᵀ)·Bᵀ with scaling = lora_alpha / R, as in PEFT without dropout — x (N, I) */
export function loraForward(backend: TensorBackend, x: Tensor2D, { a, b }: LoraPair, scaling: number): LoraForward {
  return tidy(() => {
    const projected = backend.productTransposedRight(x, a);
    return { addend: backend.productTransposedRight(mul<Tensor2D>(projected, scaling), b), projected };
  });
}

/** Gradients of `loraForward` — dy (N, O), x (N, I), projected (N, R) */
export function loraBackward(
  backend: TensorBackend,
  dy: Tensor2D,
  x: Tensor2D,
  projected: Tensor2D,
  { a, b }: LoraPair,
  scaling: number,
): LoraGradients {
  return tidy(() => {
    const dProjected = mul<Tensor2D>(backend.product(dy, b), scaling);
    return {
      dx: backend.product(dProjected, a),
      da: backend.productTransposedLeft(dProjected, x),
      db: backend.productTransposedLeft(dy, mul<Tensor2D>(projected, scaling)),
    };
  });
}
