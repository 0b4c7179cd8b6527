import type { NativeOperations } from './native-operations.js';
import type { TensorHandle } from './tensorflow-binding.js';

/** y = x · inverseRms · weight with inverseRms = 1 / √(mean(x²) + ε) — x (N, C), weight (C) */
export function rmsNorm(
  operations: NativeOperations,
  x: TensorHandle,
  weight: TensorHandle,
  epsilon: number,
): { readonly y: TensorHandle; readonly inverseRms: TensorHandle } {
  const meanSquare = operations.reduceLast('Mean', operations.unary('Square', x));
  const inverseRms = operations.unary('Rsqrt', operations.addScalar(meanSquare, epsilon));
  return { y: operations.mul(operations.mul(x, inverseRms), weight), inverseRms };
}

/** With g = dy · weight and r = inverseRms: dx = r · (g − x · r² · mean(g · x)) — (N, C) */
export function rmsNormBackward(
  operations: NativeOperations,
  dy: TensorHandle,
  x: TensorHandle,
  weight: TensorHandle,
  inverseRms: TensorHandle,
): TensorHandle {
  const g = operations.mul(dy, weight);
  const mean = operations.reduceLast('Mean', operations.mul(g, x));
  const along = operations.mul(mean, operations.unary('Square', inverseRms));
  return operations.mul(operations.sub(g, operations.mul(x, along)), inverseRms);
}
