import type { NativeOperations } from './native-operations.js';
import type { TensorHandle } from './tensorflow-binding.js';

/** y = x · inverseRms · weight with inverseRms = 1 / √(mean(x²) + ε) — x (N, C), weight (C), null for ones */
export function rmsNorm(
  operations: NativeOperations,
  x: TensorHandle,
  weight: TensorHandle | null,
  epsilon: number,
): { readonly y: TensorHandle; readonly inverseRms: TensorHandle } {
  const meanSquare = operations.reduceLast('Mean', operations.unary('Square', x));
  const inverseRms = operations.unary('Rsqrt', operations.addScalar(meanSquare, epsilon));
  const y = operations.mul(x, inverseRms);
  return { y: weight === null ? y : operations.mul(y, weight), inverseRms };
}

/** With g = dy · weight and r = inverseRms: dx = r · (g − x · r² · mean(g · x)) — (N, C) */
export function rmsNormBackward(
  operations: NativeOperations,
  dy: TensorHandle,
  x: TensorHandle,
  weight: TensorHandle | null,
  inverseRms: TensorHandle,
): TensorHandle {
  const g = weight === null ? dy : operations.mul(dy, weight);
  const mean = operations.reduceLast('Mean', operations.mul(g, x));
  const along = operations.mul(mean, operations.unary('Square', inverseRms));
  return operations.mul(operations.sub(g, operations.mul(x, along)), inverseRms);
}
