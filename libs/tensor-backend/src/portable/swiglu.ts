import { add, concat, mul, sigmoid, slice, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { SwigluBackward } from '../tensor-backend.js';

/** silu(gate) · up with silu(g) = g · σ(g) — gateUp (N, 2·I) → (N, I) */
export function swiglu(gateUp: Tensor2D): Tensor2D {
  return tidy(() => {
    const [gate, up] = halves(gateUp);
    return mul<Tensor2D>(mul(gate, sigmoid(gate)), up);
  });
}

/** dUp = dy · silu(g); dGate = dy · up · (σ + silu(g) · (1 − σ)) — dy (N, I), gateUp (N, 2·I) */
export function swigluBackward(dy: Tensor2D, gateUp: Tensor2D): SwigluBackward<Tensor2D> {
  return tidy(() => {
    const [gate, up] = halves(gateUp);
    const sigma: Tensor2D = sigmoid(gate);
    const silu: Tensor2D = mul(gate, sigma);
    const slope: Tensor2D = add(sigma, mul(silu, sub(1, sigma)));
    const dGateUp = concat([mul<Tensor2D>(mul(dy, up), slope), mul<Tensor2D>(dy, silu)], 1);
    return { dGateUp, activated: mul<Tensor2D>(silu, up) };
  });
}

function halves(gateUp: Tensor2D): [gate: Tensor2D, up: Tensor2D] {
  const [N, width] = gateUp.shape;
  const I = width / 2;
  return [slice(gateUp, [0, 0], [N, I]), slice(gateUp, [0, I], [N, I])];
}
