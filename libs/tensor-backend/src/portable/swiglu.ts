import { mul, sigmoid, sub, add, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** silu(gate) · up with silu(g) = g · σ(g) — (N, I) */
export function swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
  return tidy(() => mul(mul(gate, sigmoid(gate)), up));
}

/** dUp = dy · silu(g); dGate = dy · up · (σ + silu(g) · (1 − σ)) — (N, I) each */
export function swigluBackward(dy: Tensor2D, gate: Tensor2D, up: Tensor2D): { dGate: Tensor2D; dUp: Tensor2D } {
  return tidy(() => {
    const sigma = sigmoid(gate);
    const silu: Tensor2D = mul(gate, sigma);
    const slope = add(sigma, mul(silu, sub(1, sigma)));
    return { dGate: mul(mul(dy, up), slope), dUp: mul(dy, silu) };
  });
}
