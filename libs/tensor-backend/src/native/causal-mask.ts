import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/** Per position that a key lies ahead of its query: finite, so that no difference of two masked scores is NaN; its exponential is 0 beside any real score. */
const MASKED = 1e9;

/** To be added to scores: 0 where key ≤ offset + query, else very negative — (T, offset + T) */
export function causalMask(operations: NativeOperations, T: number, offset: number): TensorHandle {
  const S = offset + T;
  const queries = Float32Array.from({ length: T }, (_, query) => offset + query);
  const distance = operations.sub(operations.create([T, 1], ElementType.float32, queries), operations.range(S));
  return operations.scale(operations.binary('Minimum', distance, operations.constants.scalar(0)), MASKED);
}
