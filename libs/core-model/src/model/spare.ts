import { tidy } from '@tensorflow/tfjs-core';
import type { TensorContainer } from '@tensorflow/tfjs-core';

/** `tidy` for results that are plain objects of tensors, at any depth: it looks into those, but its type doesn't say so. */
export function spare<T extends object>(work: () => T): T {
  return tidy(() => work() as unknown as TensorContainer) as unknown as T;
}
