import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/**
 * x·cos + rotateHalf(x)·sin. The halves swapped, [x₂, x₁], are x rolled by D/2, so that the sign of rotateHalf([x₁, x₂]) = [−x₂, x₁]
 * goes to the small table — x (H, T, D); cos, sin (T, D)
 */
export function rotate(
  operations: NativeOperations,
  x: TensorHandle,
  cos: TensorHandle,
  sin: TensorHandle,
): TensorHandle {
  return rotateBy(operations, x, cos, signed(operations, sin, -1));
}

/** The rotation by the negative angle — dy (H, T, D) */
export function rotateBackward(
  operations: NativeOperations,
  dy: TensorHandle,
  cos: TensorHandle,
  sin: TensorHandle,
): TensorHandle {
  return rotateBy(operations, dy, cos, signed(operations, sin, 1));
}

function rotateBy(operations: NativeOperations, x: TensorHandle, cos: TensorHandle, sin: TensorHandle): TensorHandle {
  return operations.add(operations.mul(x, cos), operations.mul(operations.rollLast(x, x.shape.at(-1)! / 2), sin));
}

/** sin with the sign of its first half times `first`, that of its second half times −`first` — (T, D) */
function signed(operations: NativeOperations, sin: TensorHandle, first: 1 | -1): TensorHandle {
  const D = sin.shape[1]!;
  const values = new Float32Array(D).fill(first, 0, D / 2).fill(-first, D / 2);
  return operations.mul(sin, operations.create([D], ElementType.float32, values));
}
