import { add, concat, mul, neg, slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** x·cos + rotateHalf(x)·sin with rotateHalf([x₁, x₂]) = [−x₂, x₁] — x (H, T, D); cos, sin (T, D) */
export function rotate(x: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
  return tidy(() => {
    const [first, second] = halves(x);
    return add(mul(x, cos), mul(concat([neg(second), first], 2), sin));
  });
}

/** The rotation by the negative angle: dy·cos + [dy₂, −dy₁]·sin — (H, T, D) */
export function rotateBackward(dy: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
  return tidy(() => {
    const [first, second] = halves(dy);
    return add(mul(dy, cos), mul(concat([second, neg(first)], 2), sin));
  });
}

function halves(x: Tensor3D): [first: Tensor3D, second: Tensor3D] {
  const [H, T, D] = x.shape;
  return [slice(x, [0, 0, 0], [H, T, D / 2]), slice(x, [0, 0, D / 2], [H, T, D / 2])];
}
